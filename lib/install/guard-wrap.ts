import { join } from 'node:path'
import { commandLine, isEventName } from '../guard/guard-command.ts'
import { hookId, hookKey } from '../guard/hook-key.ts'
import { isOfToolCall } from '../guard/hook-repeats.ts'
import type { HookClass } from '../guard/hook-state.ts'
import { hooksFolder, type Scope } from './hook-table.ts'
import { quotedSpelling, unquoted, unquotedSpelling } from './quoted-in-shell.ts'

/**
 * The command of a guarded hook, as it stands in a settings text: made of the hook's own command, and read back. A guarded
 * command holds all of the original, so no record is needed to take the guard out again. Pure.
 */

/** The files that a guarded command runs, in the hooks folder. */
export const guardFiles: readonly string[] = ['hook-guard.sh', 'hook-guard.cjs']
const [shellFile = '', nodeFile = ''] = guardFiles

/** How a hook is guarded. */
export interface Guarding {
  readonly class: HookClass
  /** After so many seconds a run is ended and counts as failed. */
  readonly seconds: number
  /** The event it is registered on, where its blocks are counted. */
  readonly event?: string
}

/** A hook's own command: a text for the shell, or a program and its words, which the client runs without a shell. */
export type HookCommand = string | readonly [string, ...string[]]

export interface GuardedCommand extends Guarding {
  readonly original: HookCommand
}

/** The hook's own time-out is undercut, so that the guard ends it before the client does and no run goes uncounted. */
const shareOfTimeout = 0.9

/**
 * @param timeout what the settings entry says, seconds; the client's default is longer than any limit of ours.
 * @param limit the user's config for this hook, seconds.
 */
export function guardSeconds(timeout: unknown, limit: number): number {
  const own = typeof timeout === 'number' && timeout > 0 ? shareOfTimeout * timeout : Number.POSITIVE_INFINITY
  const seconds = Math.min(limit, own)
  // Whole seconds, which every timeout(1) takes, unless that would leave nothing.
  return seconds >= 1 ? Math.floor(seconds) : Math.max(0.1, Math.floor(seconds * 10) / 10)
}

/**
 * Where the guard's file is missing, in a clone that lacks it, the hook runs as if unguarded: `sh` itself would end with 2,
 * which refuses the call. The shell is the client's own.
 */
const shellTail = ({ event }: Guarding): string =>
  `'${event === undefined ? '' : ` ${event}`}; [ -f "$1" ] || exec /bin/sh -c "$5"; exec /bin/sh "$@"`

const shellHead = (scope: Scope, command: string, guarding: Guarding): string =>
  `set -- ${hooksFolder[scope]}/${shellFile} ${hookId(hookKey(command))} ${guarding.seconds} ${guarding.class} '`

const guardedInShell =
  /^(set -- "[^"]+"\/\.claude\/hooks\/hook-guard\.sh [0-9a-f]+ (\d+(?:\.\d+)?) (convenience|guard) ')((?:[^']|'\\'')*)('(?: ([A-Za-z]+))?; \[ -f "\$1" \] .*)$/s

/** The same command guarded, both as JSON spells them. */
export const guardedSpelling = (spelling: string, scope: Scope, command: string, guarding: Guarding): string =>
  quotedSpelling(spelling, shellHead(scope, command, guarding), shellTail(guarding))

/** The very spelling that `guardedSpelling` was given; where somebody spelled the text anew, one that means the same. */
export function originalSpelling(spelling: string): string {
  const [, head = '', , , quoted = '', tail = ''] = guardedInShell.exec(JSON.parse(spelling) as string) ?? []
  return unquotedSpelling(spelling, head, quoted, tail)
}

/**
 * The words in front of a hook's own ones, where no shell runs it or none is there.
 *
 * @param home absolute path of the user's home folder: the client fills in no variable for it.
 */
export function guardWords(
  scope: Scope,
  home: string,
  { class: hookClass, seconds, event }: Guarding,
  form: string,
): string[] {
  const file =
    scope === 'user' ? join(home, '.claude', 'hooks', nodeFile) : `\${CLAUDE_PROJECT_DIR}/.claude/hooks/${nodeFile}`
  const counted = event === undefined ? [] : ['--event', event]
  return [file, '--class', hookClass, '--timeout', String(seconds), ...counted, form]
}

/** How many words `guardWords` gives. */
export const guardWordCount = ({ event }: Guarding): number => (event === undefined ? 6 : 8)
/** The program that takes these words. */
export const guardProgram = 'node'

/** What a command that this module made says; undefined for any other. */
export function readGuarded(command: string, args?: readonly string[]): GuardedCommand | undefined {
  if (args === undefined) {
    const [, , seconds, hookClass, quoted, , event] = guardedInShell.exec(command) ?? []
    if (quoted === undefined) return undefined
    const original = unquoted(quoted)
    return { class: hookClass as HookClass, seconds: Number(seconds), ...withEvent(event), original }
  }
  const [file = '', optionA, hookClass, optionB, seconds, ...others] = args
  const event = others[0] === '--event' ? others[1] : undefined
  const [form, first, ...rest] = event === undefined ? others : others.slice(2)
  const isOurs =
    command === guardProgram &&
    /[\\/]\.claude[\\/]hooks[\\/]hook-guard\.cjs$/.test(file) &&
    optionA === '--class' &&
    (hookClass === 'convenience' || hookClass === 'guard') &&
    optionB === '--timeout' &&
    (form === '--' || (form === '--shell' && rest.length === 0))
  if (!isOurs || first === undefined) return undefined
  const original: HookCommand = form === '--' ? [first, ...rest] : first
  return { class: hookClass, seconds: Number(seconds), ...withEvent(event), original }
}

const withEvent = (event: string | undefined) => (event === undefined ? {} : { event })

/** The event as a guarded command names it: none where hooks run with each tool call, nor one that the guard would not take. */
export const eventToCount = (event: string): Pick<Guarding, 'event'> =>
  withEvent(isEventName(event) && !isOfToolCall(event) ? event : undefined)

/** Whether a command runs the guard already, whoever wrote it. */
export const runsGuard = (command: HookCommand): boolean =>
  /(?:^|[\s/\\"'])hook-guard(?:\.sh|\.cjs)?(?=["'\s]|$)/.test(commandLine(command))
