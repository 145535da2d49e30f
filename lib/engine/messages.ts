import type { Circuit } from './circuit.ts'

/**
 * What models and people read. Facts first, then numbers, then what to do. Nothing here speaks in a person's name, and
 * nothing tells the model how to get around a refusal by itself.
 */

/** A clock time that a log line can be matched with. */
const clockTime = (at: number): string => `${new Date(at).toISOString().slice(11, 19)} UTC`

const inSeconds = (seconds: number): string => `${Math.max(1, Math.ceil(seconds))} s`

const override =
  'Only the person can lift this: by typing a prompt that contains SUDO BYPASS (for that prompt), or /reset-circuit.'

const advice: Readonly<Record<Circuit['pattern'], string>> = {
  tool_failure:
    'Instead: read the error, find its cause and change something (after a successful edit the next run is let through), try a narrower command, or say what is missing and stop.',
  repeated_call:
    'Instead: use the result you already have, change something first (after a successful edit the next call is let through), or say what is missing and stop.',
  busy_polling:
    'Instead: wait for the notification of the background job, sleep longer between two looks (sleep 60, then 120), do other work meanwhile, or end your turn and say what you are waiting for.',
  sequential_tools: 'Instead: look at what you have, or use one call that covers several.',
  agent_spawn: 'Instead: wait for the agents that are running, do the work yourself, or give one agent several tasks.',
  external_api: 'Instead: work with what you have fetched, combine requests, or wait.',
  hook_recursion: 'Instead: use a session that runs already.',
  llm_api: 'Instead: wait.',
}

const stillAllowed = (circuit: Circuit): string =>
  circuit.target.kind === 'tool'
    ? 'Every other tool still works.'
    : circuit.target.kind === 'spawns'
      ? 'Every tool but starting agents still works.'
      : circuit.target.kind === 'outside'
        ? 'Everything that stays on this machine still works.'
        : `Only this is refused; ${toolOf(circuit)} with any other input still works.`

const toolOf = (circuit: Circuit): string => circuit.subject.replace(/\(.*$/s, '') || 'the tool'

/** What happened, as one sentence: subject and reason; the reason of a limit names its subject itself. */
export const whatHappened = ({
  subject,
  target,
  lastTrip,
}: Pick<Circuit, 'subject' | 'target' | 'lastTrip'>): string =>
  target.kind === 'spawns' || target.kind === 'outside' ? lastTrip.reason : `${subject} ${lastTrip.reason}`

/**
 * The text of a refusal, for the model.
 *
 * @param wait seconds until a call may pass, Infinity for a circuit that a person holds open.
 */
export function refusal(
  circuit: Circuit,
  because: 'open' | 'probing' | 'forced_open',
  wait: number,
  now: number,
): string {
  if (circuit.target.kind === 'session') return nested(circuit, 'No tool runs in it.')
  const until =
    because === 'forced_open'
      ? 'A person holds this circuit open; it does not close by itself.'
      : because === 'probing'
        ? `One probe of it is under way; no other call passes until it has reported back (at most ${inSeconds(wait)}).`
        : `Not before ${clockTime(now + wait * 1000)}, in ${inSeconds(wait)}; then one call is let through as a probe.`
  return [
    `[circuit_breaker] Refused: ${whatHappened(circuit)}.`,
    until,
    stillAllowed(circuit),
    advice[circuit.pattern],
    override,
  ].join('\n')
}

/** What is answered to a prompt in a session that is nested too deeply, for whoever started it. */
export const nestedPrompt = (circuit: Circuit): string =>
  nested(circuit, 'It takes no prompt and runs no tool; no model was asked.')

const nested = (circuit: Circuit, what: string): string =>
  [
    `[circuit_breaker] Refused: this ${whatHappened(circuit)}`,
    what,
    advice.hook_recursion,
    'To mend it: a hook that starts claude also runs in the session that it starts. Let it set a variable of its own, and end at once where that is set.',
    'Only a person can allow more, in the config: circuit_breakers.hook_recursion.max_depth.',
  ].join('\n')

/** What the model reads when a circuit opens behind a call that already ran. */
export function tripped(circuit: Circuit, seconds: number, now: number): string {
  if (circuit.ungated === true) return repeatsThatNoGateSees(circuit)
  return [
    `[circuit_breaker] ${whatHappened(circuit)}.`,
    `Its circuit is open: this ${circuit.target.kind === 'call' ? 'call' : 'operation'} is refused until ${clockTime(now + seconds * 1000)} (${inSeconds(seconds)}). ${stillAllowed(circuit)}`,
    advice[circuit.pattern],
  ].join('\n')
}

/** What the model reads about calls that are rejected before they run. */
export function repeatsThatNoGateSees(circuit: Circuit): string {
  return [
    `[circuit_breaker] ${whatHappened(circuit)}. It was rejected before it ran, so nothing has changed and asking again gives the same answer.`,
    'Instead: read the file or the tool description again and build the call from what is really there, try another way, or say what is missing and stop.',
    'If it goes on like this, the run is ended.',
  ].join('\n')
}

/** A pattern on its way to the limit, or one that is only told. */
export function warning(pattern: Circuit['pattern'], subject: string, why: string, limit?: number): string {
  const ahead = limit === undefined ? '' : ` At ${limit} it is refused.`
  return `[circuit_breaker] ${subject} ${why}.${ahead}\n${advice[pattern]}`
}

/** Why a run was ended: for the transcript, and for the model that reads it with the next prompt. */
export function halted(circuit: Circuit, denials: number): string {
  const asked =
    circuit.ungated === true
      ? `was asked again ${denials - 1} times after that`
      : `was asked again ${denials} times while refused`
  return `[circuit_breaker] Run halted: ${whatHappened(circuit)}, and ${asked}.`
}

/** The same for the person, with the ways to go on. */
export function haltedForPerson(circuit: Circuit, denials: number): string {
  return `Breakerbox halted ${circuit.agent === undefined || circuit.agent === 'main' ? 'the run' : `subagent ${circuit.agent}`}: ${whatHappened(circuit)}; asked again ${denials} times. ${howToContinue(circuit).join(' ')}`
}

/** Ways to go on after a halt, one sentence each. */
export function howToContinue(circuit: Pick<Circuit, 'subject'>): string[] {
  return [
    `Mend the cause of ${circuit.subject}, then type your next prompt.`,
    'To let it run anyway, type a prompt that contains SUDO BYPASS.',
    'To close the circuit, type /reset-circuit.',
  ]
}

/** For the person, when the cooldown has reached its last rung. */
export const topRung = (circuit: Circuit, seconds: number): string =>
  `Breakerbox: ${whatHappened(circuit)}. Its cooldown has reached the top of the ladder (${seconds} s); it may need you. Type /circuit-status to see more.`

/** For the person, when a limit (no loop) starts to refuse. */
export const limitReached = (circuit: Circuit, seconds: number): string =>
  `Breakerbox: ${circuit.lastTrip.reason}; further ${circuit.subject} are refused for ${inSeconds(seconds)}.`

/** For the parent of a subagent that was ended. */
export function subagentHalted(subject: string, reason: string): string {
  return `[circuit_breaker] The subagent was halted because ${subject} ${reason}. Its circuit now holds for the whole session. Starting the same agent again counts as a repeat; mend the cause first, or do without.`
}

/** The exact words that a person is told when a bypass is granted. */
export const bypassed = 'Circuit breaker bypassed (SUDO BYPASS keyword detected)'
