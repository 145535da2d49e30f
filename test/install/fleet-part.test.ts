import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { breakerKind } from '../../lib/breaker/breaker-document.ts'
import { prepareInstall } from '../../lib/install/install.ts'
import { exists, install, newBench, put, read, request, tree, uninstall } from './folder.ts'

const url = 'redis://me:hush@redis.example:6380/2'
const hooks = (bench: ReturnType<typeof newBench>) => join(bench.project, '.claude', 'hooks')
const part = (bench: ReturnType<typeof newBench>) => join(hooks(bench), 'fleet-store.cjs')
const notes = (bench: ReturnType<typeof newBench>) => prepareInstall(bench.system, request(bench)).notes.join('\n')
const userConfig = (bench: ReturnType<typeof newBench>) => join(bench.home, '.claude', 'breakerbox.json')

describe('the part that knows the server of a fleet', () => {
  test('is not there without a server', () => {
    const bench = newBench()
    install(bench)
    expect(exists(part(bench))).toBe(false)
    expect(notes(bench)).not.toContain('fleet')
  })

  test.each<[where: string, configure: (bench: ReturnType<typeof newBench>) => void]>([
    ['environment', (bench) => Object.assign(bench.system.env, { BREAKERBOX_REDIS_URL: url })],
    ['user’s config', (bench) => put(userConfig(bench), JSON.stringify({ redis: { url } }))],
  ])('is added by installing again once the %s names one, which is said without its password', (_where, configure) => {
    const bench = newBench()
    install(bench)
    configure(bench)
    expect(notes(bench)).toContain('limits of scope "fleet" are shared through redis://redis.example:6380.')
    expect(notes(bench)).not.toContain('hush')
    expect(install(bench).map(({ path }) => path)).toContain(part(bench))
    expect(exists(part(bench))).toBe(true)
    const before = tree(bench.project)
    install(bench)
    expect(tree(bench.project)).toEqual(before)
  })

  test('stays, kept up to date, where a later install knows no server', () => {
    const bench = newBench({ BREAKERBOX_REDIS_URL: url })
    install(bench)
    Object.assign(bench.system.env, { BREAKERBOX_REDIS_URL: '' })
    const newer = '#!\n// breakerbox 0.2.0 fleet-store\n'
    put(join(bench.bundles, 'fleet-store.cjs'), newer)
    expect(notes(bench)).toContain('fleet-store.cjs stays until uninstall')
    install(bench)
    expect(read(part(bench))).toBe(newer)
  })

  test('goes with uninstall, also in a clone, which has no record', () => {
    const bench = newBench({ BREAKERBOX_REDIS_URL: url })
    const before = tree(bench.project)
    install(bench)
    uninstall(bench, { purge: true })
    expect(tree(bench.project)).toEqual(before)
    put(part(bench), '#!\n// breakerbox 0.1.0 fleet-store\n')
    uninstall(bench)
    expect(exists(part(bench))).toBe(false)
  })

  test('of somebody else is not overwritten, and not removed', () => {
    const bench = newBench({ BREAKERBOX_REDIS_URL: url })
    put(part(bench), 'theirs')
    expect(() => install(bench)).toThrow(/not a file of Breakerbox/)
    uninstall(bench)
    expect(read(part(bench))).toBe('theirs')
  })

  test('is kept from the model’s file tools in every install', () => {
    const bench = newBench()
    install(bench)
    expect(read(join(bench.project, '.claude', 'settings.json'))).toContain('Edit(.claude/hooks/fleet-store*)')
  })
})

test('a purge takes what the limits have left in the memory folder', () => {
  const bench = newBench()
  const before = tree(bench.project)
  install(bench)
  const memory = join(bench.project, '.claude', 'memory')
  const left = ['circuit_breaker_shared.json', 'circuit_breaker_fleet.json', `${breakerKind('llm_api').key}.json`]
  for (const name of left) put(join(memory, name), '{}', 0o600)
  uninstall(bench)
  for (const name of left) expect(exists(join(memory, name))).toBe(true)
  uninstall(bench, { purge: true })
  expect(tree(bench.project)).toEqual(before)
})
