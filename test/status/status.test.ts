import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { defaultConfig } from '../../lib/config/load.ts'
import type { Circuit } from '../../lib/engine/circuit.ts'
import type { Incident } from '../../lib/engine/incident.ts'
import { haltText } from '../../lib/status/halt-text.ts'
import { type StatusFacts, statusReport } from '../../lib/status/status-report.ts'
import { statusText } from '../../lib/status/status-text.ts'
import { freeze } from '../engine/story.ts'

const now = Date.parse('2026-03-04T12:00:00.000Z')
const at = (seconds: number) => new Date(now + seconds * 1000).toISOString()
const circuit = (subject: string, more: Partial<Circuit> = {}): Circuit => ({
  pattern: 'tool_failure',
  subject,
  target: { kind: 'operation', key: subject },
  session: 'S',
  agent: 'main',
  status: { state: 'open', openedAt: at(-2.5), retryAt: at(27.5) },
  level: 3,
  trips: 3,
  lastTrip: { at: at(-2.5), turn: 12, reason: 'failed 3 times in 3 turns with the same error: boom' },
  denials: { count: 2, ids: [] },
  ...more,
})
const memory = {
  totalBytes: 1024 * 1024,
  limitBytes: 5 * 1024 * 1024,
  telemetry: [],
  sessions: { active: 2, limit: 10 },
  archives: { count: 0, limit: 20, bytes: 0 },
  sessionArchives: { count: 0, bytes: 0 },
  own: {
    state: { bytes: 0, limitBytes: 20_000 },
    windows: { count: 0, bytes: 0, mostEntries: 0, limitEntries: 200 },
    spool: { count: 0, limit: 1000, bytes: 0 },
  },
  next: [],
}
const facts = (circuits: readonly Circuit[], more: Partial<StatusFacts> = {}): StatusFacts => ({
  config: defaultConfig(),
  configProblems: [],
  circuits,
  shared: { circuits: [], damage: [] },
  memory,
  incidents: [],
  ...more,
})
const plain = new Chalk({ level: 0 })
const text = (made: StatusFacts, options = { memory: false }, paint = plain) =>
  statusText(statusReport(made, now), '/p', paint, options).join('\n')

describe('the report', () => {
  it('says of an open circuit what it refuses, since when, until when and why', () => {
    expect(statusReport(facts([circuit('Bash(npm test)')]), now)).toMatchObject({
      version: 1,
      mode: 'enforce',
      circuits: [
        {
          pattern: 'tool_failure',
          subject: 'Bash(npm test)',
          session: 'S',
          agent: 'main',
          state: 'open',
          level: 3,
          cooldownRemainingSeconds: 28,
          retryAt: at(27.5),
          trips: 3,
          lastTrip: { at: at(-2.5), turn: 12, reason: expect.stringContaining('boom') },
        },
      ],
      memory: { totalBytes: 1024 * 1024, limitBytes: 5 * 1024 * 1024, sessions: { active: 2, limit: 10 } },
    })
  })

  it('says of a nested session that no wait helps', () => {
    const nested = circuit('nested session', {
      pattern: 'hook_recursion',
      target: { kind: 'session' },
      lastTrip: { at: at(-900), turn: 1, reason: 'is 4 deep, more than 3: claude > claude > claude > claude' },
    })
    expect(statusReport(facts([nested]), now).circuits).toMatchObject([
      { state: 'open', cooldownRemainingSeconds: 0, retryAt: null },
    ])
    expect(text(facts([nested]))).toMatch(
      /^OPEN {2}nested session {2}hook_recursion {2}none of its prompts and tools passes/m,
    )
  })

  it('is pure: the same facts give the same report, and stay as they are', () => {
    const made = freeze(facts([circuit('b'), circuit('a', { status: { state: 'disabled' } })]))
    expect(statusReport(made, now)).toEqual(statusReport(made, now))
  })

  it('is the same after it went through JSON', () => {
    const report = statusReport(facts([circuit('x'), circuit('y', { status: { state: 'forced_open' } })]), now)
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it.each([
    [-2.5, 'open', 28],
    [27.4, 'open', 1],
    [27.5, 'half_open', 0],
    [99_999, 'half_open', 0],
    [-99_999, 'half_open', 0],
  ])('%f s on, the circuit is %s for %i s more', (seconds, state, left) => {
    const [made] = statusReport(facts([circuit('x')]), now + (seconds === -2.5 ? 0 : seconds * 1000)).circuits
    expect(made).toMatchObject({ state, cooldownRemainingSeconds: left })
    expect(made?.retryAt === null).toBe(state !== 'open')
  })

  it('puts what refuses first', () => {
    const circuits = [
      circuit('disabled', { status: { state: 'disabled' } }),
      circuit('probing', { status: { state: 'half_open', successes: 0 } }),
      circuit('short', { status: { state: 'open', openedAt: at(-25), retryAt: at(5) } }),
      circuit('long'),
      circuit('held', { status: { state: 'forced_open' } }),
    ]
    expect(statusReport(facts(circuits), now).circuits.map(({ subject }) => subject)).toEqual([
      'held',
      'long',
      'short',
      'probing',
      'disabled',
    ])
  })

  it('counts the incidents of the last 24 hours by kind', () => {
    const incident = (hours: number, kind: Incident['kind']): Incident => ({ at: at(-hours * 3600), kind })
    const incidents = [incident(1, 'trip'), incident(23, 'trip'), incident(2, 'denial'), incident(25, 'halt')]
    expect(statusReport(facts([], { incidents }), now).incidents24h).toEqual({ trip: 2, denial: 1 })
  })

  it('a circuit of the whole session names no agent', () => {
    const { agent: _agent, ...rest } = circuit('agents', { pattern: 'agent_spawn' })
    expect(statusReport(facts([rest]), now).circuits[0]).toMatchObject({ agent: '*', denials: 0 })
  })
})

describe('the text', () => {
  it('shows open circuits first, with what is left, the last trip and its reason', () => {
    const lines = text(
      facts([circuit('Bash(npm run build)', { status: { state: 'disabled' } }), circuit('Bash(npm test)')]),
    ).split('\n')
    const first = lines.findIndex((line) => line.includes('OPEN'))
    expect(lines[first]).toMatch(/OPEN.*Bash\(npm test\).*28 s.*12:00:27 UTC/)
    expect(lines.slice(first).join('\n')).toMatch(/turn 12 at 2026-03-04 11:59:57 UTC: failed 3 times in 3 turns.*boom/)
    expect(lines.findIndex((line) => line.includes('DISABLED'))).toBeGreaterThan(first)
    expect(lines).toContain('All others: CLOSED (normal operation)')
  })

  it('says so when nothing is refused', () => {
    expect(text(facts([]))).toContain('Active breakers: none (all systems operational)')
    expect(text(facts([]))).not.toContain('All others')
  })

  it('shows memory as a bar of its limit', () => {
    expect(text(facts([]))).toMatch(/Memory\s+█{4}░{16} 20 % \(1\.0 MB of 5\.0 MB\)/)
  })

  it('shows each class of memory against its limit, and what the next cleanup would do', () => {
    const shown = text(
      facts([], {
        memory: {
          ...memory,
          telemetry: [
            {
              file: 'a.jsonl',
              bytes: 1024,
              lines: 500,
              limitLines: 1000,
              limitBytes: 51_200,
              ageDays: 7.5,
              limitDays: 7,
            },
          ],
          sessionArchives: { count: 3, bytes: 512 * 1024 },
          own: { ...memory.own, windows: { count: 2, bytes: 9, mostEntries: 150, limitEntries: 200 } },
          next: ['rotate a.jsonl (1 kB): 7 days old, limit 7'],
        },
      }),
      { memory: true },
    )
    for (const line of [
      /a\.jsonl\n +lines +█{10}░{10} 50 % \(500 of 1000\)\n +size .* 2 % .*\n +age +█{20} 107 % \(7\.5 days of 7 days\)/,
      /session files of other tools\n +files .* 20 % \(2 of 10\)/,
      /archives of logs\n +files .* 0 % \(0 of 20\)\n +size .* \(0\.0 kB of 5\.0 MB\)/,
      /archives of sessions: 3\n +size .* 10 % \(0\.5 MB of 5\.0 MB\)/,
      /state .* \(0\.0 kB of 19\.5 kB\)\n +windows .* 75 % \(150 of 200\) calls in the longest of 2\n +spool .*\(0 of 1000\)/,
      /The next cleanup:\n +rotate a\.jsonl/,
    ]) {
      expect(shown).toMatch(line)
    }
    expect(text(facts([]), { memory: true })).toContain('The next cleanup has nothing to do.')
  })

  it('has no colour where none is wanted, and the same words where it is', () => {
    const made = facts([circuit('Bash(npm test)')])
    const coloured = text(made, { memory: true }, new Chalk({ level: 1 }))
    expect(text(made, { memory: true })).not.toContain('\u001b')
    expect(coloured).toContain('\u001b[')
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(text(made, { memory: true }))
  })

  it('names wrong values of the config', () => {
    expect(text(facts([], { configProblems: ['mode is 7'] }))).toContain('mode is 7')
  })

  it('lets no control sequence of a subject, reason, session or agent through', () => {
    const evil = 'a\u001b[2Jb\u0007\u009b31mc\rd\ne\u202ef'
    const made = facts(
      [circuit(evil, { session: evil, agent: evil, lastTrip: { at: at(0), turn: 1, reason: evil } })],
      { configProblems: [evil], incidents: [{ at: at(0), kind: evil as Incident['kind'] }] },
    )
    const whole = `${text(made, { memory: true })}${haltText({ at: evil, session: evil, agent: evil, subject: evil, reason: evil, howToContinue: [evil] }).join('\n')}`
    expect(whole.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/)
  })
})

describe('the text about a halt', () => {
  it('none', () => expect(haltText(null)).toEqual(['Not halted.']))

  it('says who, when, what and how to go on', () => {
    const lines = haltText({
      at: at(0),
      session: 'S',
      agent: 'a1',
      subject: 'Bash(npm test)',
      reason: 'failed 3 times',
      denials: 3,
      howToContinue: ['Mend it.'],
    })
    expect(lines.join('\n')).toMatch(
      /Subagent a1.*2026-03-04T12:00:00.*\n.*Bash\(npm test\) failed 3 times; asked again 3 times.*\n- Mend it\./,
    )
  })
})
