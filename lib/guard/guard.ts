import { isRecord } from '../calls/json.ts'
import { errorLine } from '../calls/result.ts'
import { loadUserConfig } from '../config/user-config.ts'
import { alertPart } from '../resilience/alert-part.ts'
import { type ChildEnd, runChild } from '../system/child.ts'
import { causeLine } from '../system/known-error.ts'
import type { RawStdio } from '../system/stdio.ts'
import type { System } from '../system/system.ts'
import { downAnswer } from './down-answer.ts'
import { commandLine, guardUsage, readGuardCommand } from './guard-command.ts'
import { hookKey } from './hook-key.ts'
import { limitsOf, type RunLimits } from './hook-limits.ts'
import { blocks, type HookLoop, isOfToolCall, loopAfterBlock } from './hook-repeats.ts'
import { type GuardedHook, hookStates, timedOutError } from './hook-states.ts'
import { deeperEnvironment } from './session-depth.ts'
import type { RunNote } from './tally.ts'

/** Exit code of a hook that took too long or wrote too much, as that of timeout(1). */
const endedCode = 124
/** Not 2, which the client takes for a refusal. */
const wrongWordsCode = 1
/** What the client writes to a hook is far shorter, bytes: more is handed on and not looked at. */
const mostInput = 16 * 1024 * 1024

/**
 * `hook-guard`: runs a hook as if nothing were in between and keeps its circuit. It fails open towards the hook: whatever is
 * wrong with the state, the hook runs.
 *
 * @param words the command line behind the program's name.
 * @returns the exit code.
 */
export async function guard(system: System, stdio: RawStdio, words: readonly string[]): Promise<number> {
  const tell = (line: string): void => stdio.writeError(`[hook-guard] ${line}`)
  const asked = readGuardCommand(words)
  if (typeof asked === 'string') {
    tell(`${asked}\n${guardUsage}`)
    return wrongWordsCode
  }
  const command = commandLine(asked.command)
  const { config, problems } = loadUserConfig(system)
  for (const { message } of problems) tell(message)
  const limits = limitsOf(command, config.hook_guard, asked.limits)
  const states = hookStates(system, { onDamage: tell })
  let input: Uint8Array | undefined
  const run = (own: RunLimits | undefined, onStop?: Parameters<typeof runChild>[0]['onStop']): Promise<ChildEnd> =>
    runChild({
      ...(input === undefined ? {} : { input }),
      command: asked.command,
      env: deeperEnvironment(system.env),
      ...(own === undefined
        ? {}
        : { limits: { timeoutMs: own.timeout_seconds * 1000, mostOutput: own.max_output_kb * 1000 } }),
      ...(onStop === undefined ? {} : { onStop }),
    })
  const answered = (end: ChildEnd): number => {
    if (end.notStarted !== undefined) tell(`${JSON.stringify(command.slice(0, 200))}: ${end.notStarted.why}`)
    return exitCodeOf(end)
  }

  if (limits === undefined) {
    states.leaveToNode(command)
    return asked.ended ?? answered(await run(undefined))
  }
  const hook: GuardedHook = { command, class: asked.class, limits }
  if (asked.ended !== undefined) {
    await countIn(hook).catch((error: unknown) => tell(causeLine(error)))
    return asked.ended
  }
  const id = `${system.processes.pid}-${system.token()}`
  const admission = await states.admit(hook, id).catch((error: unknown) => tell(causeLine(error)))
  if (admission?.kind === 'skip') {
    if (asked.class === 'convenience') return 0
    const { text } = await stdio.readAll(mostInput)
    const attended = system.env['CLAUDE_CODE_SESSION_ATTENDED'] !== '0'
    stdio.write(`${downAnswer(parsed(text), hookKey(command), admission.next, admission.seconds, attended)}\n`)
    return 0
  }
  // Such a hook runs once for each answer of the agent, so it can be read what it is asked, and who it holds back.
  if (asked.event !== undefined && !isOfToolCall(asked.event)) input = await stdio.readBytes()
  let early: Promise<void> | undefined
  const end = await run(limits, (signal, durationMs) => {
    // While the hook is still being ended: whoever ended us may not wait for that.
    early = recorded({ code: 1, id, durationMs, error: stoppedError(signal) }, hook)
  })
  const loop = input !== undefined && blocks(end.code, end.wrote) ? await loopOf(input) : undefined
  const error = failureOf(end, limits) ?? loop?.why
  const note = { code: end.code ?? 1, id, durationMs: end.durationMs, ...(error === undefined ? {} : { error }) }
  const once = loop && { failure_threshold: 1, cooldown_seconds: loop.cooldownSeconds }
  await (early ?? recorded(note, { ...hook, limits: { ...limits, ...once } }))
  return answered(end)

  /** A hook that is down after it is what a team may want to know of. */
  async function countIn(counted: GuardedHook): Promise<void> {
    const record = await states.countIn(counted)
    if (record.state === 'open') alertPart(system)?.alertHookDown(system, hookKey(command), record)
  }

  async function recorded(note: RunNote, counted: GuardedHook): Promise<void> {
    try {
      states.note(command, note)
      await countIn(counted)
    } catch (cause) {
      tell(causeLine(cause))
    }
  }

  function loopOf(input: Uint8Array): Promise<HookLoop | undefined> {
    const text = input.length > mostInput ? undefined : Buffer.from(input).toString('utf8')
    return loopAfterBlock(system, parsed(text), command).catch((cause: unknown) => void tell(causeLine(cause)))
  }
}

const stoppedError = (signal: string): string => `ended from outside (${signal}) before it had answered`

/** Why a run failed; undefined for success, and for 2, which is a decision. */
function failureOf(end: ChildEnd, { timeout_seconds, max_output_kb }: RunLimits): string | undefined {
  if (end.notStarted !== undefined) return end.notStarted.why
  if (end.stoppedBy !== undefined) return stoppedError(end.stoppedBy)
  if (end.timedOut) return timedOutError(timeout_seconds)
  if (end.tooLong) return `more than ${max_output_kb} kB of output`
  if (end.code === 0 || end.code === 2) return undefined
  const said = errorLine(end.said)
  const how = `exit code ${end.code}`
  return said === '' ? how : `${how}: ${said}`
}

function exitCodeOf(end: ChildEnd): number {
  if (end.notStarted !== undefined) return end.notStarted.code
  if (end.stoppedBy === undefined && (end.timedOut || end.tooLong)) return endedCode
  return end.code ?? 1
}

function parsed(text: string | undefined): unknown {
  try {
    const value: unknown = JSON.parse(text ?? '')
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}
