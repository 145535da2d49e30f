import { join } from 'node:path'
import { textField } from '../calls/json.ts'
import { modeOf } from '../engine/draft.ts'
import type { Incident } from '../engine/incident.ts'
import { mainAgent, progressOf } from '../engine/memory.ts'
import { appendIncidents } from '../incidents/incident-log.ts'
import { blocksTooOften, type HookBlock } from '../patterns/hook-recursion.ts'
import { integer, list, object, text, time, withDefault } from '../schema/schema.ts'
import { sessionKind } from '../session/documents.ts'
import { shortId } from '../session/hook-events.ts'
import { openProject, type Project } from '../session/project.ts'
import { sessionFileName } from '../session/session-file.ts'
import { spoolList } from '../store/spool.ts'
import type { DocumentKind } from '../store/store.ts'
import type { System } from '../system/system.ts'
import { hookKey } from './hook-key.ts'

/**
 * A hook that blocks the end of an agent's work (`Stop`, `SubagentStop`, …) makes it go on, end anew and run the hook again.
 * Here each such block is kept until there are too many of them with too little work in between.
 */

/** A block, and what it is counted with: the same hook, agent and prompt. */
interface KeptBlock extends HookBlock {
  /** ISO 8601 UTC. */
  readonly at: string
  readonly hook: string
  readonly event: string
  readonly session: string
  readonly agent: string
  readonly prompt: string
}

interface HookBlocks {
  readonly version: 1
  /** Oldest first. */
  readonly blocks: readonly KeptBlock[]
}

/** Blocks that are kept, and for how long, milliseconds: a prompt that goes on for longer is none that loops. */
const mostBlocks = 200
const longest = 24 * 60 * 60 * 1000

const short = text(undefined, 600)
const blocksSchema = object({
  version: integer(1, 1),
  blocks: withDefault(
    list(
      object({ at: time(), hook: short, event: short, session: short, agent: short, prompt: short, turn: integer(0) }),
    ),
    [],
  ),
})

/** `circuit_breaker_hook_blocks.json` in the project's memory folder. */
export const hookBlocksKind: DocumentKind<HookBlocks> = {
  key: 'circuit_breaker_hook_blocks',
  version: 1,
  empty: () => ({ version: 1, blocks: [] }),
  parse: (value) => ({ version: 1, blocks: blocksSchema.parse(value).blocks }),
}

/** A hook holds an agent in a loop. */
export interface HookLoop {
  /** With the numbers, as it follows the hook's name. */
  readonly why: string
  /** How long the hook is to be out of the way. */
  readonly cooldownSeconds: number
}

/** Whether an event belongs to a single tool call, whose hooks run as often as tools are used. */
export const isOfToolCall = (event: string): boolean => /Tool|Permission/.test(event)

/** Whether a hook has answered that what it was asked about is not to happen. */
export function blocks(exitCode: number | undefined, stdout: string): boolean {
  if (exitCode === 2) return true
  if (exitCode !== 0) return false
  try {
    return textField(JSON.parse(stdout), 'decision') === 'block'
  } catch {
    return false
  }
}

/**
 * Takes in that a guarded hook has just blocked, and tells whether it does so in a loop; then an incident is left. Where
 * nothing counts the turns of the session, because Breakerbox is not installed in the project, nobody can tell a loop from a
 * hook that keeps an agent at work: nothing is counted.
 *
 * @param input what the client wrote to the hook.
 * @param command the hook's whole command.
 * @returns undefined also where the pattern only observes or warns.
 * @throws the system's error, or a known one where the lock was not to be had; the hook's own answer stands.
 */
export async function loopAfterBlock(system: System, input: unknown, command: string): Promise<HookLoop | undefined> {
  const event = textField(input, 'hook_event_name') ?? ''
  const session = shortId(textField(input, 'session_id') ?? '')
  const prompt = shortId(textField(input, 'prompt_id') ?? '')
  if (event === '' || session === '' || prompt === '' || isOfToolCall(event)) return undefined
  const project = openProject(system, textField(input, 'cwd'))
  const mode = modeOf(project.config, 'hook_recursion')
  if (mode === 'off' || !countsTurns(project, session)) return undefined
  const limits = project.config.circuit_breakers.hook_recursion
  const agent = shortId(textField(input, 'agent_id') ?? mainAgent)
  const { document: memory } = await project.store.read(sessionKind(session))
  const at = new Date(project.now).toISOString()
  const block = { at, hook: hookKey(command), event, session, agent, prompt, turn: progressOf(memory, agent).turn }
  let why: string | undefined
  let count = 0
  await project.store.update(hookBlocksKind, (document) => {
    const kept = [...document.blocks, block].filter((each) => !(Math.abs(project.now - Date.parse(each.at)) > longest))
    const counted = kept.filter((each) => isSame(each, block))
    count = counted.length
    why = blocksTooOften(counted, limits)
    const left = why === undefined ? kept : kept.filter((each) => !isSame(each, block))
    return { ...document, blocks: left.slice(-mostBlocks) }
  })
  if (why === undefined) return undefined
  const incident: Incident = {
    at,
    kind: mode === 'block' ? 'trip' : mode === 'warn' ? 'warning' : 'observed',
    session,
    pattern: 'hook_recursion',
    subject: `${event} hook ${block.hook}`,
    agent,
    turn: block.turn,
    count,
    reason: why,
    ...(mode === 'block' ? { cooldownSeconds: limits.cooldown_base_seconds } : {}),
    action: mode,
  }
  appendIncidents(system, project.paths.incidents, [incident])
  return mode === 'block' ? { why, cooldownSeconds: limits.cooldown_base_seconds } : undefined
}

/** What has not been counted yet waits in the spool. */
const countsTurns = ({ system, paths }: Project, session: string): boolean =>
  system.files.facts(join(paths.sessions, `${sessionFileName(session)}.json`)) !== undefined ||
  spoolList(system, paths.spool).length > 0

const isSame = (a: KeptBlock, b: KeptBlock): boolean =>
  a.hook === b.hook && a.event === b.event && a.session === b.session && a.agent === b.agent && a.prompt === b.prompt
