import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Bundle } from '../../scripts/build.d.mts'
import { build } from '../../scripts/build.mjs'
import { notices } from '../../scripts/notices.mjs'
import { thirdPartiesIn } from '../../scripts/third-party.mjs'
import { root } from '../support/built-hook.ts'

describe('what of others is in the bundles', () => {
  let folder = ''
  let bundles: readonly Bundle[] = []
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'breakerbox-notices-'))
    bundles = await build({ outputFolder: folder })
  })
  afterAll(() => rmSync(folder, { recursive: true }))
  const textOf = ({ file }: Bundle): string => readFileSync(join(folder, file), 'utf8')

  test('THIRD-PARTY-NOTICES.txt is up to date', () => {
    const kept = readFileSync(join(root, 'THIRD-PARTY-NOTICES.txt'), 'utf8')
    expect(kept, 'run: npm run generate').toBe(notices(bundles))
    expect(kept).toMatch(/^Permission is hereby granted/m)
  })

  test('each package that it names is in the bundles that it names', () => {
    const named = bundles.flatMap(({ file, parties }) => parties.map(({ name }) => `${file} ${name}`))
    expect(named).toContain('fleet-store.cjs @redis/client')
    expect(named).toContain('breakerbox.mjs commander')
    // in bundles that are not minified the sources stand in comments
    for (const bundle of bundles.filter(({ file }) => file.endsWith('.mjs'))) {
      const paths = [
        ...textOf(bundle).matchAll(/^\/\/ node_modules\/(?:.*\/node_modules\/)?((?:@[\w.-]+\/)?[\w.-]+)\//gm),
      ]
      const inside = new Set(paths.map(([, name]) => name))
      expect([...inside].sort(), bundle.file).toEqual([...new Set(bundle.parties.map(({ name }) => name))].sort())
    }
  })

  test('no hook has anything of others in it', () => {
    const hooks = bundles.filter(({ kind }) => kind === 'hook' || kind === 'shell')
    expect(hooks.length).toBeGreaterThan(3)
    expect(hooks.flatMap(({ parties }) => parties)).toEqual([])
  })

  test('what install copies into projects carries the licences of what is in it', () => {
    const copied = bundles.filter(({ kind, parties }) => kind === 'part' && parties.length > 0)
    expect(copied.map(({ file }) => file)).toContain('fleet-store.cjs')
    for (const bundle of copied) {
      const text = textOf(bundle)
      for (const party of bundle.parties) {
        for (const piece of [party.text, ...party.notices]) expect(text.includes(piece), party.name).toBe(true)
      }
    }
  })

  test('what has other terms inside a package is named with them', () => {
    const text = notices(bundles)
    expect(text).toContain('Copyright 2010 Salvatore Sanfilippo')
    expect(text).toContain('TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION')
  })
})

describe('a package on which terms', () => {
  const mit = 'MIT License\n\nCopyright (c) somebody'

  function packageWith(manifest: object, files: Readonly<Record<string, string>>) {
    const folder = mkdtempSync(join(tmpdir(), 'breakerbox-party-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const own = { name: '@some/thing', version: '1.2.3', ...manifest }
    for (const [name, text] of Object.entries({ 'package.json': JSON.stringify(own), 'a.js': '', ...files })) {
      const path = join(folder, 'node_modules', '@some', 'thing', name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    }
    return thirdPartiesIn(folder, {
      'lib/own.ts': { bytesInOutput: 5 },
      'node_modules/@some/thing/a.js': { bytesInOutput: 5 },
      'node_modules/left/out.js': { bytesInOutput: 0 },
    })
  }

  test('is taken with all that has to stand with it', async () => {
    const source = '/*!\n * Copyright (c) 2001 somebody else\r\n */\nconst a = 1 /* no such thing */\n'
    const repository = { url: 'git://some.example/thing.git' }
    const parties = await packageWith({ license: 'MIT', repository }, { 'LICENSE.md': mit, 'a.js': source })
    expect(parties).toEqual([
      {
        name: '@some/thing',
        version: '1.2.3',
        license: 'MIT',
        repository: 'git://some.example/thing.git',
        text: mit,
        notices: ['Copyright (c) 2001 somebody else'],
      },
    ])
  })

  test.each<[string, object, Record<string, string>, RegExp]>([
    [
      'a licence that asks for more',
      { license: 'GPL-3.0' },
      { LICENSE: 'GPL' },
      /@some\/thing@1\.2\.3.*GPL-3\.0.*allowed: /,
    ],
    ['no licence', {}, { LICENSE: mit }, /licence is undefined/],
    ['no text', { license: 'MIT' }, {}, /brings no licence text/],
  ])('is refused with %s', async (_name, manifest, files, message) => {
    await expect(packageWith(manifest, files)).rejects.toThrow(message)
  })
})
