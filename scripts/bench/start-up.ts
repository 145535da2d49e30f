import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Circuit } from '../../lib/engine/circuit.ts'
import { mostEntries } from '../../lib/engine/memory.ts'
import { lookName } from '../../lib/session/held-look.ts'
import { firstPromptEnding, marksFolder } from '../../lib/session/session-marks.ts'
import { built } from '../../test/support/built-hook.ts'
import { holdLookIn } from '../../test/support/held-look.ts'
import { bashCall, preToolUse, sessionStart, userPromptSubmit } from '../../test/support/payloads.ts'
import type { TempProject } from '../../test/support/temp-project.ts'
import { healthyTurn } from './healthy-work.ts'
import { inTurn } from './in-turn.ts'
import { installedProject } from './measured-project.ts'
import type { Part } from './part.ts'
import { fullMemory, memoryAfter, remember } from './remembered-calls.ts'
import { middleHalf, ratios, spreadText, targetText } from './spread.ts'

const mostForShell = 1.5
const mostForNode = 1.25
/** Calls after which a session is as it will stay. */
const longSession = 1000
/** Clients start a status line up to several times a second. */
const mostForStatusLine = 1.2

interface Case {
  readonly name: string
  readonly floor: 'sh -c :' | 'node empty.mjs'
  readonly start: (round: number) => number
  /** The highest ratio that is wanted; absent for what only has to be known. */
  readonly most?: number
}

/** What starting one hook costs against starting nothing, each in a fresh process. */
export const startUp: Part = {
  name: 'start-up',
  title: 'Starting one hook, against starting nothing',
  async run({ quick }) {
    const project = await installedProject()
    try {
      // as a session is when it has gone on for a while; each case that takes something in has one of its own
      const scene = { project, session: 'long' }
      const taking = { project, session: 'taking' }
      for (const each of [scene, taking]) await remember(each, memoryAfter(each, longSession))
      const short = { project, session: 'short' }
      await remember(short, memoryAfter(short, 1))
      const full = { project, session: 'full' }
      await remember(full, fullMemory(full))
      const spooled = { project, session: 'spooled' }
      const empty = project.script('empty.mjs', '')
      const asked = preToolUse(scene, bashCall('git status', 'toolu_asked'))
      const gate = project.hook('circuit-breaker-gate')
      const monitor = project.hook('circuit-breaker-monitor')
      const emptySpool = () => project.timeNode(monitor, healthyTurn(spooled, 0).settled)
      const status = { session_id: 'long', cwd: project.folder, workspace: { project_dir: project.folder } }
      const state = project.path('.claude', 'memory', 'circuit_breaker_state.json')
      /** Nothing is left of it for the other cases. */
      const withOpenCircuit = (start: () => number): number => {
        const before = readFileSync(state)
        writeFileSync(state, JSON.stringify({ version: 1, circuits: [openCircuit('long')] }))
        const milliseconds = start()
        writeFileSync(state, before)
        return milliseconds
      }
      const cases: Case[] = [
        {
          name: 'fast gate: `PreToolUse`, no marker',
          floor: 'sh -c :',
          start: () => project.timeShell(project.registered('PreToolUse', 'Bash'), asked),
          most: mostForShell,
        },
        {
          name: '`PostToolBatch`, put into the spool',
          floor: 'sh -c :',
          start: (round) => {
            emptySpool()
            return project.timeShell(project.registered('PostToolBatch'), healthyTurn(spooled, 1 + round).batch)
          },
        },
        {
          name: 'gate, nothing to do',
          floor: 'node empty.mjs',
          start: () => project.timeNode(gate, asked),
          most: mostForNode,
        },
        {
          name: 'gate, counts a call',
          floor: 'node empty.mjs',
          // alone each time, because more than ten outside calls of a project in a minute are refused
          start: (round) => {
            rmSync(project.path('.claude', 'memory', 'circuit_breaker_shared.json'), { force: true })
            const input = { url: `https://example.org/${round}`, prompt: 'read' }
            const call = { tool: 'WebFetch', input, id: `toolu_web_${round}` }
            return project.timeNode(gate, preToolUse({ project, session: `web-${round}` }, call))
          },
        },
        {
          name: 'monitor, call already known, short session',
          floor: 'node empty.mjs',
          start: () => project.timeNode(monitor, healthyTurn(short, 0).settled),
          most: mostForNode,
        },
        {
          name: `monitor, call already known, after ${longSession} calls`,
          floor: 'node empty.mjs',
          start: () => project.timeNode(monitor, healthyTurn(scene, longSession - 1).settled),
          most: mostForNode,
        },
        {
          name: `monitor, call already known, ${mostEntries} calls in the windows, the most`,
          floor: 'node empty.mjs',
          start: () => project.timeNode(monitor, healthyTurn(full, 2 * mostEntries - 1).settled),
          most: mostForNode,
        },
        {
          name: 'monitor, takes in a batch of one call',
          floor: 'node empty.mjs',
          start: (round) => project.timeNode(monitor, healthyTurn(taking, longSession + 1 + round).batch),
        },
        {
          name: 'prompt-intake, a plain prompt',
          floor: 'node empty.mjs',
          start: () => project.timeNode(project.hook('prompt-intake'), userPromptSubmit(taking, 'go on')),
        },
        {
          name: '`SessionStart`, the last look holds',
          floor: 'sh -c :',
          start: () =>
            afterLook(project, (fresh) =>
              project.timeShell(project.registered('SessionStart'), sessionStart({ project }), fresh),
            ),
        },
        {
          name: 'memory-janitor, nothing to do',
          floor: 'node empty.mjs',
          start: () => project.timeNode(project.hook('memory-janitor'), sessionStart(scene)),
        },
        {
          name: 'status line, registered, no marker',
          floor: 'sh -c :',
          start: () => project.timeShell(project.statusLine(), status),
          most: mostForShell,
        },
        {
          name: 'status line, nothing is open',
          floor: 'node empty.mjs',
          start: () => project.timeNode(project.hook('status-line'), status),
          most: mostForStatusLine,
        },
        {
          name: 'status line, a circuit is open',
          floor: 'node empty.mjs',
          start: () => withOpenCircuit(() => project.timeSaying(/^⚡ npm test /, project.hook('status-line'), status)),
          most: mostForStatusLine,
        },
        {
          name: '`circuit-status --statusline`',
          floor: 'node empty.mjs',
          start: () => project.timeSaying(/^$/, built('circuit-status'), status, ['--statusline']),
          most: mostForStatusLine,
        },
      ]
      const rows: string[][] = []
      for (const { name, floor, start, most } of cases) {
        const isShell = floor === 'sh -c :'
        const nothing = () => (isShell ? project.timeShell(':', asked) : project.timeNode(empty, asked))
        // a shell takes a millisecond, in which the scheduler's moods are large
        const pairs = quick ? 5 : isShell ? 201 : 61
        const times = await inTurn(pairs, { nothing, hook: start })
        const ratio = middleHalf(ratios(times.hook, times.nothing))
        rows.push([
          name,
          spreadText(middleHalf(times.hook), 1),
          `${spreadText(middleHalf(times.nothing), 1)} \`${floor}\``,
          spreadText(ratio),
          most === undefined ? '' : targetText(`≤ ${most}`, ratio.middle <= most),
        ])
      }
      return { columns: ['hook', 'ms', 'floor, ms', 'ratio', 'target'], rows }
    } finally {
      project.remove()
    }
  },
}

/** Starts a session a moment after another that has found all well. */
function afterLook(project: TempProject, start: (environment: Readonly<Record<string, string>>) => number): number {
  const marks = project.path('.claude', 'memory', marksFolder)
  const session = '0b0e8a5e-7f0c-4d0f-9b3a-6f5c2d1e0a9b-4194304'
  const left = [session, session + firstPromptEnding].map((name) => join(marks, name))
  holdLookIn(project.folder)
  const lookedAt = statSync(join(marks, lookName)).mtimeMs
  const milliseconds = start({ CLAUDE_CODE_SESSION_ID: session.slice(0, 36), CLAUDE_PID: session.slice(37) })
  // Node would have looked again, or left less
  if (!left.every(existsSync) || statSync(join(marks, lookName)).mtimeMs !== lookedAt)
    throw new Error('Node was started')
  for (const path of left) rmSync(path)
  return milliseconds
}

/** `npm test` of this session, refused for five minutes more. */
function openCircuit(session: string): Circuit {
  const now = Date.now()
  const at = new Date(now).toISOString()
  return {
    pattern: 'tool_failure',
    subject: 'Bash(npm test)',
    target: { kind: 'operation', key: 'npm test' },
    session,
    status: { state: 'open', openedAt: at, retryAt: new Date(now + 300_000).toISOString() },
    level: 5,
    trips: 5,
    lastTrip: { at, turn: 3, reason: 'failed 3 times in 3 turns with the same error' },
    denials: { count: 0, ids: [] },
  }
}
