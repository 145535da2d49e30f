import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { prepareInstall } from '../../lib/install/install.ts'
import { exists, install, newBench, put, read, request, tree, uninstall } from './folder.ts'

type Bench = ReturnType<typeof newBench>
const settings = (bench: Bench) => read(join(bench.project, '.claude', 'settings.json'))
const hook = (bench: Bench, name: string) => join(bench.project, '.claude', 'hooks', name)
const isTracked = (bench: Bench) => settings(bench).includes('/pattern-tracker.cjs')
const notes = (bench: Bench, more = {}) => prepareInstall(bench.system, request(bench, more)).notes.join('\n')
const configure = (bench: Bench, config: object) =>
  put(join(bench.home, '.claude', 'breakerbox.json'), JSON.stringify(config))
const url = 'https://me:hush@patterns.example:8443/in?key=hush'

describe('install --tracking', () => {
  test('registers the tracker, which nobody gets unasked', () => {
    const bench = newBench()
    install(bench)
    expect([isTracked(bench), exists(hook(bench, 'pattern-tracker.cjs'))]).toEqual([false, false])
    install(bench, { tracking: true })
    const { hooks } = JSON.parse(settings(bench))
    expect(hooks.PostToolUse.at(-1)).toEqual({
      matcher: '^(?:Write|Edit|MultiEdit)$',
      hooks: [{ type: 'command', command: expect.stringContaining('/pattern-tracker.cjs'), timeout: 10 }],
    })
    expect([exists(hook(bench, 'pattern-tracker.cjs')), exists(hook(bench, 'event-flusher.cjs'))]).toEqual([true, true])
  })

  test('is kept by a later install, and taken back by --no-tracking', () => {
    const bench = newBench()
    install(bench, { tracking: true })
    const before = tree(bench.project)
    install(bench)
    expect(tree(bench.project)).toEqual(before)
    install(bench, { tracking: false })
    expect(isTracked(bench)).toBe(false)
    install(bench)
    expect(isTracked(bench)).toBe(false)
  })

  test('with --no-content says so in the command, which a later install keeps until --content', () => {
    const bench = newBench()
    configure(bench, { tracking: { url } })
    const hasContent = () => !settings(bench).includes('/pattern-tracker.cjs --no-content')
    install(bench, { tracking: true, content: false })
    expect([isTracked(bench), hasContent()]).toEqual([true, false])
    expect(notes(bench)).toContain('without contents.')
    install(bench)
    install(bench, { tracking: true })
    expect(hasContent()).toBe(false)
    install(bench, { content: true })
    expect([isTracked(bench), hasContent()]).toEqual([true, true])
    install(bench, { content: false })
    const before = settings(bench)
    uninstall(bench)
    expect([
      before.match(/pattern-tracker\.cjs/g)?.length,
      exists(join(bench.project, '.claude', 'settings.json')),
    ]).toEqual([1, false])
  })

  test('leaves nothing behind when it is uninstalled', () => {
    const bench = newBench()
    put(join(bench.project, '.claude', 'settings.json'), '{\n  "model": "opus"\n}\n')
    const before = tree(bench.project)
    install(bench, { tracking: true })
    uninstall(bench, { purge: true })
    expect(tree(bench.project)).toEqual(before)
  })

  test('says where reports go, without what may be a password, or that they go nowhere', () => {
    const bench = newBench()
    expect(notes(bench, { tracking: true })).toContain('tracking is registered and off: INTELLIGENCE_SERVICE_URL')
    configure(bench, { tracking: { url } })
    expect(notes(bench, { tracking: true })).toContain(
      'is reported to https://patterns.example:8443, contents included.',
    )
    configure(bench, { tracking: { url, content: false } })
    expect(notes(bench, { tracking: true })).toContain(
      'is reported to https://patterns.example:8443, without contents.',
    )
    expect(notes(bench, { tracking: true })).not.toContain('hush')
    expect(notes(bench)).not.toContain('patterns.example')
  })
})

describe('the part that tells of incidents', () => {
  test('is there where a webhook is configured, and stays until uninstall', () => {
    const bench = newBench()
    install(bench)
    expect(exists(hook(bench, 'service-alerts.cjs'))).toBe(false)
    configure(bench, { alerts: { webhook: url } })
    expect(notes(bench)).toContain('incidents are reported to https://patterns.example:8443.')
    expect(notes(bench)).not.toContain('hush')
    install(bench)
    expect([exists(hook(bench, 'service-alerts.cjs')), exists(hook(bench, 'event-flusher.cjs'))]).toEqual([true, true])
    configure(bench, {})
    install(bench)
    expect(exists(hook(bench, 'service-alerts.cjs'))).toBe(true)
    uninstall(bench)
    expect([exists(hook(bench, 'service-alerts.cjs')), exists(hook(bench, 'event-flusher.cjs'))]).toEqual([
      false,
      false,
    ])
  })

  test.each(['service-alerts.cjs', 'event-flusher.cjs'])('%s of somebody else is not overwritten', (name) => {
    const bench = newBench()
    put(hook(bench, name), 'theirs')
    configure(bench, { alerts: { webhook: url } })
    expect(() => install(bench)).toThrow(/not a file of Breakerbox/)
    expect(read(hook(bench, name))).toBe('theirs')
  })
})

test('what reports is kept from the model’s file tools in every install', () => {
  const bench = newBench()
  install(bench)
  for (const name of ['pattern-tracker', 'event-flusher', 'service-alerts'])
    expect(settings(bench)).toContain(`Edit(.claude/hooks/${name}*)`)
})
