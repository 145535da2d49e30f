import { cpus } from 'node:os'
import { expect, test } from 'vitest'
import { haltNotice } from '../../lib/protocol/answer.ts'
import { type HookHandler, runHook } from '../../lib/protocol/run-hook.ts'
import { circuitStateKind, sessionKind } from '../../lib/session/documents.ts'
import { gate } from '../../lib/session/gate.ts'
import { memoryJanitor } from '../../lib/session/memory-janitor.ts'
import { monitor } from '../../lib/session/monitor.ts'
import { monitorReactions } from '../../lib/session/monitor-reactions.ts'
import { promptIntake } from '../../lib/session/prompt-intake.ts'
import { sessionFileName } from '../../lib/session/session-file.ts'
import type { Files, System } from '../../lib/system/system.ts'
import { registeredCommands, runCommand, runHookCommand } from '../support/built-hook.ts'
import * as payloads from '../support/payloads.ts'
import { createTempProject, type TempProject } from '../support/temp-project.ts'
import { count } from './figures.ts'
import { memoryFiles } from './memory-files.ts'
import { mutated, type Random, randomSource } from './mutate.ts'

const seed = Number(process.env['BREAKERBOX_SEED'] ?? 20_261_121)
const total = Number(process.env['BREAKERBOX_INPUTS'] ?? 100_000)
/** Inputs that share one memory folder; then a fresh one. */
const perProject = 500

const folder = '/fuzz/project'
const memory = `${folder}/.claude/memory`
const virtual = { folder, home: '/fuzz/home' } as TempProject

/** One payload of a session that loops now and then, so that circuits open, refuse, probe and halt underneath the noise. */
function nextPayload(random: Random, project: TempProject, step: number): object & { hook_event_name: string } {
  const agent = random.chance(0.2) ? { agent: random.one(['a1', 'a2', 'a3']) } : {}
  const scene = { project, session: random.one(['s1', 's1', 's1', 's2']), prompt: `p${step >> 6}`, ...agent }
  const others = [
    payloads.bashCall(random.one(['curl https://example.org', 'sleep 4', `ls ${random.below(40)}`]), `t${step >> 1}`),
    { tool: 'Edit', input: { file_path: '/x/a.ts', old_string: 'a', new_string: 'b' }, id: `e${step}` },
    { tool: 'Agent', input: { description: 'd', prompt: 'p' }, id: `g${step}` },
    { tool: random.one(['WebFetch', 'mcp__x__y', 'Read']), input: { url: 'https://example.org' }, id: `w${step}` },
  ]
  const call = random.chance(0.6) ? payloads.bashCall('npm test', `n${step >> 1}`) : random.one(others)
  switch (random.below(12)) {
    case 0:
      return payloads.sessionStart(scene, random.one(['startup', 'resume', 'clear', 'compact']))
    case 1:
      return payloads.userPromptSubmit(scene, random.one(['go on', 'SUDO BYPASS', payloads.taskNotification('done')]))
    case 2:
    case 3:
      return payloads.preToolUse(scene, call)
    case 4:
      return payloads.postToolUse(scene, call, payloads.bashResponse('ok'))
    case 5:
    case 6:
      return payloads.postToolUseFailure(scene, call, 'Exit code 1\nboom')
    case 7:
    case 8:
      return payloads.postToolBatch(scene, [[call, random.one(['Exit code 1\nboom', 'ok', payloads.rejected('no')])]])
    case 9:
      return random.chance(0.5)
        ? payloads.subagentStart({ ...scene, agent: 'a1' })
        : payloads.subagentStop({ ...scene, agent: 'a1' }, 'done')
    case 10:
      return payloads.stop(scene, 'done')
    default:
      return payloads.sessionEnd(scene)
  }
}

const handlers: Readonly<Record<string, HookHandler>> = {
  SessionStart: memoryJanitor,
  UserPromptSubmit: promptIntake,
  PreToolUse: gate,
}

const fields = new Set([
  'hookSpecificOutput',
  'systemMessage',
  'decision',
  'reason',
  'continue',
  'stopReason',
  'terminalSequence',
])
const eventNames = new Set(['PreToolUse', 'PostToolUse', 'PostToolUseFailure', 'PostToolBatch', 'UserPromptSubmit'])

/** Empty, or one object that the client takes. */
function isProtocol(stdout: string): boolean {
  if (stdout === '') return true
  const answer = JSON.parse(stdout) as Record<string, unknown>
  if (!Object.keys(answer).every((key) => fields.has(key))) return false
  if (answer['decision'] !== undefined && answer['decision'] !== 'block') return false
  // Words of ours alone: what tools printed never reaches the terminal as an escape sequence.
  if (!['undefined', haltNotice].includes(String(answer['terminalSequence']))) return false
  const specific = answer['hookSpecificOutput'] as Record<string, unknown> | undefined
  return (
    specific === undefined ||
    (eventNames.has(String(specific['hookEventName'])) && specific['permissionDecision'] !== 'allow')
  )
}

/** The line without what differs from input to input. */
const reasonOf = (line: string): string => line.replace(/\d+|"[^"]*"|\/\S+/g, '…').slice(0, 100)

/** What is wrong with the saved documents: over their caps, set aside, or unreadable. */
function wrongDocuments(files: Files, thorough: boolean): string[] {
  if (files.facts(memory) === undefined) return []
  const wrong: string[] = []
  const state = `${memory}/circuit_breaker_state.json`
  if ((files.facts(state)?.size ?? 0) > 20_000) wrong.push(`state of ${files.facts(state)?.size} bytes`)
  const sessions = `${memory}/circuit_breaker_sessions`
  const names = files.facts(sessions) === undefined ? [] : files.list(sessions)
  for (const name of [...files.list(memory), ...names]) {
    if (/damaged|\.lock/.test(name)) wrong.push(name)
  }
  for (const name of names) {
    const size = files.facts(`${sessions}/${name}`)?.size ?? 0
    if (size > 200_000) wrong.push(`${name} of ${size} bytes`)
    if (thorough) {
      const document = sessionKind('s').parse(JSON.parse(files.readText(`${sessions}/${name}`)))
      if (document.entries.length > 200) wrong.push(`${name} with ${document.entries.length} entries`)
      if (name !== `${sessionFileName(document.session)}.json`) wrong.push(`${name} is of ${document.session}`)
    }
  }
  if (thorough && files.facts(state) !== undefined) circuitStateKind.parse(JSON.parse(files.readText(state)))
  return wrong
}

test(`${total} inputs in process`, { timeout: 600_000 }, async () => {
  const random = randomSource(seed)
  const startedAt = performance.now()
  let now = Date.parse('2026-03-04T12:00:00Z')
  let files = memoryFiles(() => now)
  let tokens = 0
  const system: System = {
    clock: () => now,
    get files() {
      return files
    },
    processes: { pid: 1, ancestors: () => [] },
    env: {},
    host: 'host',
    workingFolder: folder,
    homeFolder: '/fuzz/home',
    sleep: async (milliseconds) => {
      now += milliseconds
    },
    loadPart(name) {
      if (name === 'circuit-breaker-reactions') return { monitorReactions }
      throw new Error('there is no such part')
    },
    token: () => (tokens++).toString(16).padStart(8, '0'),
  }
  const seen = { failedOpen: 0, answered: 0, refused: 0, halted: 0, slowest: 0, largestState: 0, damaged: 0 }
  const reasons = new Map<string, number>()
  let last: string | undefined
  for (let step = 0; step < total; step += 1) {
    if (step % perProject === 0) files = memoryFiles(() => now)
    now += random.below(3000)
    const payload = nextPayload(random, virtual, step)
    const handler = handlers[payload.hook_event_name] ?? monitor
    // a third as the client sends it, some twice, the rest broken
    const text =
      last !== undefined && random.chance(0.05)
        ? last
        : random.chance(0.35)
          ? JSON.stringify(payload)
          : mutated(payload, random)
    last = text
    let out = ''
    const errors: string[] = []
    const codes: number[] = []
    const stdio = {
      readAll: async () => ({ text, bytes: text.length }),
      write: (part: string) => {
        out += part
      },
      writeError: (line: string) => void errors.push(line),
      setExitCode: (code: number) => void codes.push(code),
      colour: false,
      columns: 80,
    }
    const began = performance.now()
    await runHook('circuit_breaker', system, stdio, handler)
    seen.slowest = Math.max(seen.slowest, performance.now() - began)
    const label = () => `input ${step} of seed ${seed}: ${text.slice(0, 2000)}`
    if (
      codes.some((code) => code !== 0) ||
      errors.length > 1 ||
      errors.some((line) => line.includes('\n')) ||
      !isProtocol(out)
    ) {
      expect({ codes, errors, out }, label()).toBe('exit 0, one line, protocol')
    }
    const wrong = wrongDocuments(files, step % 50 === 0 || step % perProject === perProject - 1)
    if (wrong.length > 0) expect({ wrong, errors }, label()).toEqual([])
    seen.failedOpen += errors.length
    for (const line of errors) reasons.set(reasonOf(line), (reasons.get(reasonOf(line)) ?? 0) + 1)
    seen.answered += out === '' ? 0 : 1
    seen.refused += out.includes('"deny"') ? 1 : 0
    seen.halted += out.includes('"continue":false') || out.includes('"decision":"block"') ? 1 : 0
    seen.largestState = Math.max(seen.largestState, files.facts(`${memory}/circuit_breaker_state.json`)?.size ?? 0)
  }
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  // noise alone would prove little
  expect(seen.refused).toBeGreaterThan(total / 1000)
  expect(seen.slowest).toBeLessThan(2000)
  count('inputs', total)
  console.log(
    `seed ${seed}: ${total} inputs in ${((performance.now() - startedAt) / 1000).toFixed(0)} s; ` +
      `${seen.failedOpen} failed open with one line, ${seen.answered} answered, ${seen.refused} refused, ${seen.halted} ended a run; ` +
      `slowest ${seen.slowest.toFixed(0)} ms, largest state ${seen.largestState} bytes; documents damaged: 0`,
  )
  console.log(
    [...reasons]
      .sort(([, a], [, b]) => b - a)
      .map(([reason, times]) => `${times} × ${reason}`)
      .slice(0, 12)
      .join('\n'),
  )
})

test('500 inputs through the processes that install registers', { timeout: 300_000 }, async () => {
  const random = randomSource(seed)
  const project = createTempProject()
  try {
    expect((await runCommand('breakerbox', ['install', '--project', project.folder], { project })).exitCode).toBe(0)
    const inputs = Array.from({ length: 500 }, (_, step) => {
      const payload = nextPayload(random, project, step)
      const tool = (payload as { tool_name?: string }).tool_name
      const text = random.chance(0.3) ? JSON.stringify(payload) : mutated(payload, random)
      return { text, commands: registeredCommands(project, payload.hook_event_name, tool) }
    })
    const startedAt = performance.now()
    let [runs, lines, answers, slowest] = [0, 0, 0, 0]
    const lane = async (): Promise<void> => {
      for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
        for (const command of input.commands) {
          const { exitCode, signal, stdout, stderr, milliseconds } = await runHookCommand(command, input.text, {
            project,
          })
          const label = `${command} given ${input.text.slice(0, 2000)}`
          expect({ exitCode, signal }, label).toEqual({ exitCode: 0, signal: null })
          expect(isProtocol(stdout), `${label}: ${stdout}`).toBe(true)
          expect(stderr, label).toMatch(/^(?:\[\w+\] [^\n]*\n)?$/)
          runs += 1
          lines += stderr === '' ? 0 : 1
          answers += stdout === '' ? 0 : 1
          slowest = Math.max(slowest, milliseconds)
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(2, cpus().length) }, lane))
    const state = project.readJson<{ circuits: unknown[] }>('.claude/memory/circuit_breaker_state.json')
    expect(JSON.stringify(state, null, 2).length).toBeLessThan(20_000)
    expect(runs).toBeGreaterThanOrEqual(350)
    count('inputs', 500)
    console.log(
      `seed ${seed}: 500 inputs, ${runs} processes in ${((performance.now() - startedAt) / 1000).toFixed(0)} s; ` +
        `${lines} said one line, ${answers} answered; slowest ${slowest.toFixed(0)} ms; exit code other than 0: 0`,
    )
  } finally {
    project.remove()
  }
})
