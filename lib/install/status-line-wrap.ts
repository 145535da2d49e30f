import { haltKind } from '../session/documents.ts'
import { markerName } from '../session/marker.ts'
import { troubleMarker } from '../session/model-api.ts'
import { afterWord } from '../status/after-word.ts'
import { hooksFolder, memoryFolder, plainHooksFolder, type Scope } from './hook-table.ts'
import { quotedSpelling, quotedText, unquoted, unquotedSpelling } from './quoted-in-shell.ts'

/**
 * The command of a status line, as it stands in a settings text: ours alone, or joined to the person's own one, which it holds
 * letter for letter, so that no record is needed to take ours out again. Pure.
 */

/** The files that these commands run, in the hooks folder. */
export const statusLineFiles: readonly string[] = ['status-line.cjs']
const [file = ''] = statusLineFiles

/** Where and how a status line is registered. */
export interface StatusLinePlace {
  readonly scope: Scope
  /** Whether a POSIX shell runs the client's commands. */
  readonly shell: boolean
}

/** Positional parameters: a variable of ours, were it in the environment, would reach the other command with our value. */
const parameters = (scope: Scope): string => `set -- ${hooksFolder[scope]}/${file} ${memoryFolder}`

/** Whether there may be something to say. Where there is not, as nearly always, no Node starts. */
const isWorthIt = `{ ${[markerName, `${haltKind.key}.json`, troubleMarker].map((name) => `[ -e "$2/${name}" ]`).join(' || ')}; }`

const joinedHead = (scope: Scope): string => `${parameters(scope)} '`
/**
 * Node runs the other command itself and waits for it no longer than it has to. It ends with another code than 0 only where it could not
 * start: then nothing has read stdin, and the other command is run as if we were not there. The shell is the client's own.
 */
const joinedTail = `'; if [ -f "$1" ] && ${isWorthIt} && node "$1" ${afterWord} "$3"; then exit; fi; exec /bin/sh -c "$3"`

const ourFile = String.raw`"[^"]+"/\.claude/hooks/status-line\.cjs`
const joined = new RegExp(String.raw`^(set -- ${ourFile} "[^"]*" ')(${quotedText})('; if \[ -f "\$1" \] .*)$`, 's')
const alone = new RegExp(
  String.raw`^(?:set -- ${ourFile} "[^"]*"; ! \[ -f "\$1" \] .*?|node ${ourFile})(?: # before: (.*))?$`,
  's',
)

/**
 * Ours alone.
 *
 * @param before the whole settings text as it was, where it said nothing and would not come back by itself; `null` where there was no
 *   file. Kept in a comment, where a release finds it.
 */
export function aloneCommand({ scope, shell }: StatusLinePlace, before?: string | null): string {
  const command = shell
    ? `${parameters(scope)}; ! [ -f "$1" ] || ! ${isWorthIt} || exec node "$1"`
    : `node ${plainHooksFolder[scope]}/${file}`
  return before === undefined ? command : `${command} # before: ${before === null ? 'nothing' : JSON.stringify(before)}`
}

/** The person's own command with ours after it, both as JSON spells them. Needs a POSIX shell. */
export const joinedSpelling = (spelling: string, scope: Scope): string =>
  quotedSpelling(spelling, joinedHead(scope), joinedTail)

/** What a status-line command says of us. */
export type ReadCommand =
  | { readonly kind: 'theirs'; readonly command: string }
  /** Somebody has put our segment in by hand. */
  | { readonly kind: 'by hand' }
  /** `before` as in `aloneCommand`. */
  | { readonly kind: 'alone'; readonly before?: string | null }
  /** `original` is their own command, `spelling` the very one that `joinedSpelling` was given. */
  | { readonly kind: 'joined'; readonly original: string; readonly spelling: string }

/** @param spelling of the command, as JSON spells it. */
export function readStatusLine(spelling: string): ReadCommand {
  const command = JSON.parse(spelling) as string
  const [, head, quoted, tail] = joined.exec(command) ?? []
  if (head !== undefined && quoted !== undefined && tail !== undefined) {
    return { kind: 'joined', original: unquoted(quoted), spelling: unquotedSpelling(spelling, head, quoted, tail) }
  }
  const found = alone.exec(command)
  if (found === null) return isByHand(command) ? { kind: 'by hand' } : { kind: 'theirs', command }
  const before = found[1]
  return before === undefined ? { kind: 'alone' } : { kind: 'alone', before: textBefore(before) }
}

function textBefore(comment: string): string | null {
  try {
    return comment === 'nothing' ? null : String(JSON.parse(comment))
  } catch {
    return null
  }
}

const isByHand = (command: string): boolean =>
  /status-line\.cjs|circuit-status(?:\.cjs)?["']?\s+--statusline/.test(command)

/** Whether a settings text names our file, by our hand or another: then it is needed. */
export const namesStatusLine = (text: string | undefined): boolean => text?.includes(`.claude/hooks/${file}`) ?? false
