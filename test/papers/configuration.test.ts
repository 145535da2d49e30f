import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { foreignVariables, placeVariables, serviceVariables } from '../../lib/config/environment-words.ts'
import { parseConfig } from '../../lib/config/load.ts'
import { configSchema } from '../../lib/config/schema.ts'
import { userConfigSchema } from '../../lib/config/user-schema.ts'
import { limitVariable } from '../../lib/memory/limits.ts'
import type { Rule } from '../../lib/schema/rule.ts'
import type { Schema } from '../../lib/schema/schema.ts'
import { configurationFiles } from '../../scripts/configuration/files.ts'
import { root } from '../support/built-hook.ts'
import { codeSpans, fenced, paper, relativeLinks, tableRows } from './paper.ts'

const files = configurationFiles()
const text = files['docs/configuration.md'] ?? ''

test.each(Object.keys(files))('%s is up to date', (path) => {
  expect(existsSync(join(root, path)) && paper(path), 'run: npm run generate').toBe(files[path])
})

describe('docs/configuration.md', () => {
  test('has a row for each field, and words in it or in the table of what patterns have in common', () => {
    const rows = tableRows(text)
    const common = rows.filter((row) => row.length === 3)
    for (const { name, rule } of [...leaves(configSchema.rule), ...leaves(userConfigSchema.rule)]) {
      const standard = JSON.stringify(rule.default)?.replaceAll(',', ', ')
      const own = rows.filter(([field, value]) => field === `\`${name}\`` && value === `\`${standard}\``)
      expect(own.length, `${name} ${standard}`).toBeGreaterThan(0)
      const worded = [...own, ...common.filter(([field]) => field === `\`${name}\``)]
      expect(
        worded.some((row) => (row.at(-1) ?? '').length > 10),
        name,
      ).toBe(true)
    }
  })

  test('its examples are valid', () => {
    const examples = fenced(text, 'json')
    expect(examples.length).toBeGreaterThan(1)
    for (const example of examples) expect(parseConfig(example, 'configuration.md').problems).toEqual([])
  })

  test('what it leads to is there', () => {
    expect(relativeLinks(text).filter((link) => !existsSync(resolve(root, 'docs', link)))).toEqual([])
    const anchors = [...text.matchAll(/\]\(([\w.-]*)#([^)]+)\)/g)]
    expect(anchors.length).toBeGreaterThan(5)
    for (const [, file = '', anchor = ''] of anchors) {
      const headings = (file === '' ? text : paper(`docs/${file}`)).match(/^#+ .*$/gm) ?? []
      expect(headings.map(slugOf), `${file}#${anchor}`).toContain(anchor)
    }
  })

  test('names every environment variable that is read, and no other', () => {
    const sources = ['lib', 'hooks', 'ops', 'parts'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(?:ts|sh)$/.test(name) && !name.endsWith('-words.ts'))
        .map((name) => readFileSync(join(root, folder, name), 'utf8').replace(/^\s*(?:\/?\*|\/\/|#).*$/gm, '')),
    )
    // `env['NAME']`, `$NAME` and `${NAME…` of a shell, and whatever begins as the names of ours and the client's do
    const read = sources.flatMap((source) =>
      [
        ...source.matchAll(/env\['([A-Z_]+)'\]/g),
        ...source.matchAll(/\$\{?(?!PPID\b)([A-Z][A-Z_]+)\b(?!\.)/g),
        ...source.matchAll(
          /\b((?:BREAKERBOX|CLAUDE|INTELLIGENCE_SERVICE|PATTERN|CIRCUIT_BREAKER|HEALTH_CHECK)_[A-Z_]*[A-Z])\b/g,
        ),
      ].map(([, name]) => name ?? ''),
    )
    const documented = [placeVariables, serviceVariables, foreignVariables].flatMap((group) => Object.keys(group))
    expect([...new Set(read)].sort(), 'lib/config/environment-words.ts').toEqual([...documented].sort())
    const limits = Object.keys(configSchema.parse({}).memory_limits).map(limitVariable)
    const inTables = new Set(tableRows(text).flatMap((row) => codeSpans(row.join(' '))))
    expect([...documented, ...limits].filter((name) => !inTables.has(name))).toEqual([])
  })
})

describe.each<[file: string, schema: Schema<object>]>([
  ['config/circuit_breaker_config.schema.json', configSchema],
  ['config/breakerbox.schema.json', userConfigSchema],
])('%s', (file, schema) => {
  const published = JSON.parse(files[file] ?? '')

  test('asks what the hooks ask, and describes every field', () => {
    const { $schema, title, ...rest } = published
    expect({ $schema, title }).toEqual({
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: expect.any(String),
    })
    const { $schema: own, ...properties } = rest.properties
    expect(own).toEqual({ type: 'string' })
    expect(withoutWords({ ...rest, properties })).toEqual(JSON.parse(JSON.stringify(schema.rule)))
    for (const { name, rule } of leaves(rest)) {
      if (name !== '$schema') expect(rule, name).toHaveProperty('description', expect.stringMatching(/^.{10,}$/))
    }
    expect(JSON.stringify(published)).not.toContain('.md')
  })

  test('judges as they do', () => {
    const other = z.fromJSONSchema(published)
    for (const value of [
      {},
      schema.parse({}),
      { $schema: 'x.json' },
      { nothing: 1 },
      { version: 2 },
      [],
      { version: '1' },
    ]) {
      expect(other.safeParse(value).success, JSON.stringify(value)).toBe(schema.check(value).ok)
    }
  })
})

/** Fields that hold no section, with their rules. */
function leaves(rule: Rule): { readonly name: string; readonly rule: Rule }[] {
  return Object.entries(rule.properties ?? {}).flatMap(([name, inner]) =>
    inner.properties === undefined ? [{ name, rule: inner }] : leaves(inner),
  )
}

const withoutWords = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, each) => (key === 'description' ? undefined : each)))

/** The anchor of a heading, as pages of a repository have it. */
const slugOf = (heading: string): string =>
  heading
    .replace(/^#+ /, '')
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
