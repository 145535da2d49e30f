import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ServiceEvent } from '../../lib/resilience/contracts.ts'
import { newsIn } from '../../lib/resilience/news.ts'
import { patternEvent } from '../../lib/resilience/pattern-event.ts'
import { languageOf, symbolIn } from '../../lib/resilience/source-text.ts'
import { type PatternTracker, repeatMilliseconds, trackerOver } from '../../lib/resilience/tracker.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { System } from '../../lib/system/system.ts'
import { everything, tempFolder } from '../store/temp-folder.ts'

const project = '/home/dev/shop'
const frame = { id: 'e1', project, now: Date.parse('2026-01-02T03:04:05Z'), content: true }
const bodyOf = (event: ServiceEvent | undefined) => event?.body as Record<string, unknown>
const event = (change: Parameters<typeof patternEvent>[1], more: Partial<typeof frame> = {}) =>
  patternEvent('modified', change, { ...frame, ...more })

/** A tracker with a clock of its own that keeps what it would send. */
function newBench(more: { readonly hand?: (event: ServiceEvent) => void; readonly isOn?: () => boolean } = {}) {
  const folder = tempFolder()
  const sent: ServiceEvent[] = []
  const bench = { now: Date.now(), sent, folder, tracker: undefined as unknown as PatternTracker }
  const system: System = { ...nodeSystem(), clock: () => bench.now }
  const news = newsIn(system, join(folder, 'seen'))
  const to = { content: true, news, hand: more.hand ?? ((each: ServiceEvent) => void sent.push(each)) }
  bench.tracker = trackerOver(system, () => ((more.isOn?.() ?? true) ? to : undefined), { project })
  return bench
}

describe('what a service hears', () => {
  test('is named by path and symbol, the same in every clone', () => {
    const change = {
      file: `${project}/src/cart.ts`,
      before: 'function total() {',
      content: 'function total(a: Item[]) {',
    }
    const here = event(change)
    const there = event({ ...change, file: '/srv/clone/src/cart.ts' }, { project: '/srv/clone' })
    expect(here).toMatchObject({
      route: 'patterns',
      kind: 'pattern_modified',
      at: '2026-01-02T03:04:05.000Z',
      id: 'e1',
    })
    expect(bodyOf(here)).toMatchObject({
      pattern_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      pattern_name: 'total',
      file: 'src/cart.ts',
      language: 'typescript',
      project: 'shop',
      content: change.content,
      before: change.before,
      lines: 1,
    })
    expect(bodyOf(there)['pattern_id']).toBe(bodyOf(here)['pattern_id'])
    expect(here.key).toBe(bodyOf(here)['pattern_id'])
    expect(event({ file: 'src/cart.ts', symbol: 'total' }).key).toBe(here.key)
    expect(event({ file: 'src/cart.ts' }).key).not.toBe(here.key)
  })

  test.each([
    ['a file elsewhere goes by its name alone', '/home/dev/notes/secret-plan/todo.md', 'todo.md'],
    ['also one of a folder with a like name', '/home/dev/shop-old/a.ts', 'a.ts'],
    ['a relative path is one of the project', 'lib/a.ts', 'lib/a.ts'],
  ])('%s', (_what, file, shown) => expect(bodyOf(event({ file }))['file']).toBe(shown))

  test('holds no secret', () => {
    const content = 'const key = "sk-live-abcdefghijklmnop1234"\npassword = "hunter2hunter2"\n'
    const text = JSON.stringify(event({ file: 'a.ts', content, before: `${content}//` }))
    expect(text).not.toMatch(/abcdefghijklmnop|hunter2/)
    expect(text).toContain('[redacted]')
  })

  test('of a long text holds the beginning, and says so', () => {
    const body = bodyOf(event({ file: 'a.ts', content: 'x\n'.repeat(5000) }))
    expect(body).toMatchObject({ content: expect.any(String), content_cut: true, lines: 5000 })
    expect(String(body['content']).length).toBe(4096)
  })

  test('without contents is hashes and names', () => {
    const change = { file: 'a.ts', content: 'let plan = 1', before: 'let plan = 2', session: 'S', tool: 'Edit' }
    const event = patternEvent('modified', change, { ...frame, content: false })
    expect(JSON.stringify(event)).not.toContain('plan')
    expect(Object.keys(bodyOf(event)).sort()).toEqual(
      [
        'before_hash',
        'content_hash',
        'file',
        'language',
        'lines',
        'pattern_id',
        'pattern_name',
        'project',
        'session_id',
        'tool',
      ].sort(),
    )
  })
})

test.each([
  ['src/a.ts', 'typescript'],
  ['A.PY', 'python'],
  ['deploy/Dockerfile', 'dockerfile'],
  ['.env', 'unknown'],
  ['constructor', 'unknown'],
  ['a.constructor', 'unknown'],
  ['README', 'unknown'],
])('%s is %s', (file, language) => expect(languageOf(file)).toBe(language))

test.each<[language: string, text: string, symbol: string | undefined]>([
  ['typescript', 'export async function load(id: string) {', 'load'],
  ['typescript', '  const total = (items: Item[]) => 1', 'total'],
  ['typescript', 'const total = 1', undefined],
  ['python', 'class Cart:\n    def add(self):', 'Cart'],
  ['go', 'func (c *Cart) Add(item Item) error {', 'Add'],
  ['rust', 'pub(crate) fn add() {', 'add'],
  ['java', 'public static final class Cart {', 'Cart'],
  ['markdown', 'class is a word', undefined],
  ['typescript', 'return 1', undefined],
])('%s: %s declares %s', (language, text, symbol) => expect(symbolIn(language, text)).toBe(symbol))

test('looking for a symbol takes linear time', () => {
  const started = performance.now()
  for (const text of ['export '.repeat(600), `const a${' '.repeat(4000)}`, `func (${'x'.repeat(4000)}`])
    symbolIn('go', text)
  expect(performance.now() - started).toBeLessThan(200)
})

describe('a tracker', () => {
  test('keeps each kind of report and counts it', () => {
    const { tracker, sent } = newBench()
    tracker.trackCreation({ file: 'a.ts', content: 'a' })
    tracker.trackModification({ file: 'a.ts', content: 'b' })
    tracker.trackApplication({ file: 'a.ts' })
    tracker.trackMerge([{ file: 'b.ts' }, { file: 'c.ts' }], { file: 'a.ts', content: 'c' })
    expect(sent.map(({ kind }) => kind)).toEqual([
      'pattern_created',
      'pattern_modified',
      'pattern_applied',
      'patterns_merged',
    ])
    expect(bodyOf(sent[3])['sources']).toMatchObject([{ file: 'b.ts' }, { file: 'c.ts' }])
    expect(new Set(sent.map(({ id }) => id)).size).toBe(4)
    expect(new Set(sent.map(({ key }) => key)).size).toBe(1)
    expect(tracker.stats()).toEqual({ created: 1, modified: 1, applied: 1, merged: 1, repeated: 0, lost: 0 })
  })

  test('drops the same report within a minute, also one of another process; going back is no repeat', () => {
    const bench = newBench()
    const report = (content: string) => bench.tracker.trackModification({ file: 'a.ts', content }).kind
    expect([report('a'), report('a'), report('b'), report('a')]).toEqual(['kept', 'repeated', 'kept', 'kept'])
    bench.now += repeatMilliseconds + 1
    expect(report('a')).toBe('kept')
    expect(bench.tracker.stats()).toMatchObject({ modified: 4, repeated: 1 })
    expect(everything(bench.folder).length).toBe(2)
  })

  test('that is off writes nothing', () => {
    let isOn = false
    const bench = newBench({ isOn: () => isOn })
    expect(bench.tracker.trackCreation({ file: 'a.ts' })).toEqual({ kind: 'off' })
    expect([bench.sent, everything(bench.folder)]).toEqual([[], []])
    isOn = true
    expect(bench.tracker.trackCreation({ file: 'a.ts' }).kind).toBe('kept')
  })

  test('throws nothing where the disk refuses', () => {
    const { tracker } = newBench({
      hand() {
        throw new Error('ENOSPC: no space left on device')
      },
    })
    expect(tracker.trackCreation({ file: 'a.ts' })).toEqual({ kind: 'lost', cause: 'ENOSPC: no space left on device' })
    expect(tracker.stats()).toMatchObject({ created: 0, lost: 1 })
  })
})

test('what was said is forgotten in time, and a clock that jumped silences nothing', () => {
  const folder = tempFolder()
  let now = Date.now()
  const news = newsIn({ ...nodeSystem(), clock: () => now }, folder)
  expect([news.isNew('a', '', 1000), news.isNew('a', '', 1000)]).toEqual([true, false])
  now -= 3_600_000
  expect(news.isNew('a', '', 1000)).toBe(true)
  now += 2000
  news.forget(1000)
  expect(everything(folder)).toEqual([])
})
