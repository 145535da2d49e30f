import { type Call, describeCall } from '../calls/call.ts'
import { hash } from '../calls/hash.ts'
import { isRecord, textField } from '../calls/json.ts'
import { editors, type Outcome } from '../calls/outcome.ts'
import { redact } from '../calls/redact.ts'
import { errorLine, type ResultFingerprints, resultFingerprints, withoutVolatile } from '../calls/result.ts'
import type { SettledEvent, Settlement } from '../engine/event.ts'
import type { RecordedEvent } from './recording.ts'

/**
 * The call log: one session per line, `{"session", "source", "harness", "calls": [...]}`, a plain form into which the
 * records of any agent can be brought. Inputs and results are cut in it; what was cut is compared by the hashes of the
 * whole (`input_sha`, `result_sha`, and `result_norm_sha`, which leaves out numbers).
 */
export interface LoggedSession {
  readonly session: string
  readonly source: string
  readonly calls: readonly LoggedCall[]
}

export interface LoggedCall {
  /** ISO time, or null where the harness kept none. */
  readonly ts: string | null
  /** `main`, or a subagent. */
  readonly agent: string
  /** How many prompts a person had typed by then. */
  readonly prompt: number
  /** Assistant message with tool calls, per agent. */
  readonly turn: number
  readonly id: string
  readonly tool: string
  readonly input: unknown
  readonly input_sha: string | null
  readonly failed: boolean
  readonly fail_kind: string | null
  readonly validation_error: boolean
  readonly interrupted: boolean
  readonly result_sha: string | null
  readonly result_norm_sha: string | null
  readonly result_head: string | null
}

/** A value as a logged session; undefined where it is none. */
export function asLoggedSession(value: unknown): LoggedSession | undefined {
  if (!isRecord(value) || typeof value['session'] !== 'string' || !Array.isArray(value['calls'])) return undefined
  const calls = value['calls'].filter(isLoggedCall)
  if (calls.length !== value['calls'].length) return undefined
  return { session: value['session'], source: textField(value, 'source') ?? '', calls }
}

const isLoggedCall = (value: unknown): value is LoggedCall =>
  isRecord(value) && typeof value['tool'] === 'string' && Number.isInteger(value['turn'])

/** Between two turns of a log without times: slow enough to be no busy polling, milliseconds. */
const unknownPace = 20_000

/** What happened in a logged session. */
export function* loggedEvents({ calls }: LoggedSession): Generator<RecordedEvent> {
  let prompt: number | undefined
  const turns = new Map<string, { turn: number; calls: Settlement[]; at: number }>()
  for (const [callIndex, logged] of calls.entries()) {
    const agent = logged.agent || 'main'
    const time = logged.ts === null ? Number.NaN : Date.parse(logged.ts)
    const at = Number.isNaN(time) ? logged.turn * unknownPace : time
    const open = turns.get(agent)
    if (open !== undefined && open.turn !== logged.turn) yield batchOf(agent, open)
    if (logged.prompt !== prompt && agent === 'main') {
      prompt = logged.prompt
      yield { at, event: { kind: 'prompt', promptId: `prompt ${prompt}`, typed: true, attended: true, bypass: false } }
    }
    const settled = settledOf(logged, agent, callIndex)
    const reachedGate = settled.outcome !== 'invalid'
    yield { at, event: { kind: 'request', agent, turn: logged.turn, call: settled.call }, callIndex, reachedGate }
    yield { at, event: settled, callIndex }
    const current = open?.turn === logged.turn ? open.calls : []
    turns.set(agent, { turn: logged.turn, calls: [...current, settled], at })
  }
  for (const [agent, open] of turns) yield batchOf(agent, open)
}

const batchOf = (
  agent: string,
  { turn, calls, at }: { turn: number; calls: Settlement[]; at: number },
): RecordedEvent => ({
  at,
  event: { kind: 'batch', agent, turn, calls },
})

function settledOf(logged: LoggedCall, agent: string, callIndex: number): SettledEvent {
  const head = logged.result_head ?? ''
  return {
    kind: 'settled',
    agent,
    turn: logged.turn,
    call: callOf(logged, callIndex),
    outcome: outcomeOf(logged),
    result: fingerprintsOf(logged, head),
    get line() {
      return redact(errorLine(head))
    },
  }
}

/** Marks the place where a text was cut. */
const cutMark = '…'

function callOf(logged: LoggedCall, callIndex: number): Call {
  const call = describeCall(logged.id || `call ${callIndex}`, logged.tool, logged.input)
  if (logged.input_sha === null || !isCut(logged.input)) return call
  const fingerprint = hash(`${logged.tool} ${logged.input_sha}`)
  const file = textField(logged.input, 'file_path')
  const namesFile = editors.has(logged.tool) && file !== undefined && !file.includes(cutMark)
  return { ...call, fingerprint, operationKey: namesFile ? call.operationKey : fingerprint }
}

/** Whether any text in an input was cut. */
function isCut(value: unknown): boolean {
  if (typeof value === 'string') return value.includes(cutMark)
  return typeof value === 'object' && value !== null && Object.values(value).some(isCut)
}

function fingerprintsOf({ result_sha, result_norm_sha }: LoggedCall, head: string): ResultFingerprints {
  const whole = result_sha ?? ''
  if (result_sha === null || !head.endsWith(cutMark)) return resultFingerprints(head)
  return {
    exact: whole,
    get stable() {
      return hash(`${withoutVolatile(head)} ${result_norm_sha ?? whole}`)
    },
    shape: result_norm_sha ?? whole,
  }
}

function outcomeOf({ failed, fail_kind, validation_error, interrupted }: LoggedCall): Outcome {
  if (!failed) return 'succeeded'
  if (interrupted || fail_kind === 'sibling_cancelled') return 'cancelled'
  if (validation_error || fail_kind === 'validation') return 'invalid'
  return fail_kind === 'user_rejected' || fail_kind === 'permission' || fail_kind === 'hook_block'
    ? 'refused'
    : 'failed'
}
