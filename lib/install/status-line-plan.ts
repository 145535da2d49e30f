import type { Node } from 'jsonc-parser'
import { members } from './json-text.ts'
import { SettingsRefusal, SettingsText, stringMember } from './settings-text.ts'
import {
  aloneCommand,
  joinedSpelling,
  type ReadCommand,
  readStatusLine,
  type StatusLinePlace,
} from './status-line-wrap.ts'

/** What `statusline install` and `uninstall` make of a settings text. Pure: texts in, texts out. */

/** What becomes of the status line of one settings text. */
export type StatusLineFate =
  /** There was none, and ours alone is registered. */
  | { readonly kind: 'added' }
  /** The person's own command is joined. */
  | { readonly kind: 'joined'; readonly original: string }
  | { readonly kind: 'there already' }
  /** Ours is taken out, and the original is as it was. */
  | { readonly kind: 'given back'; readonly original: string }
  | { readonly kind: 'taken out' }
  | { readonly kind: 'not there' }

export interface StatusLinePlan {
  /** Undefined where no file is left, because there was none before ours. */
  readonly text: string | undefined
  readonly fate: StatusLineFate
}

/**
 * Seconds. Without it a run that has been halted, in which nothing more happens, would not show it, and the seconds would stand still;
 * while nothing is open each costs a shell. The person's own status line keeps what it has.
 */
const refreshInterval = 5

/**
 * The text with our segment in its status line. The same text comes back where it is there already.
 *
 * @throws SettingsRefusal where the status line is nothing that the client would run.
 */
export function planStatusLine(text: string | undefined, place: StatusLinePlace): StatusLinePlan {
  const settings = settingsOf(text)
  const found = statusLineOf(settings)
  if (found === undefined) {
    settings.addMember([], 'statusLine', { type: 'command', command: aloneCommand(place), refreshInterval })
    // Taking it out again leaves an empty object. What was otherwise empty, or not there, says so itself.
    if (isEmpty(text ?? '') && planStatusLineRelease(settings.result()).text !== text) {
      settings.respell(commandPath, JSON.stringify(aloneCommand(place, text ?? null)))
    }
    return { text: settings.result(), fate: { kind: 'added' } }
  }
  const isThere: StatusLineFate = { kind: 'there already' }
  switch (found.kind) {
    case 'by hand':
      return { text, fate: isThere }
    case 'alone':
      // One of an older version, or written on a system of another kind, is written anew.
      settings.respell(commandPath, JSON.stringify(aloneCommand(place, found.before)))
      return { text: settings.result(), fate: settings.result() === text ? isThere : { kind: 'added' } }
    case 'theirs':
      settings.respell(commandPath, joinedBy(settings.spelling(commandPath), place))
      return { text: settings.result(), fate: { kind: 'joined', original: found.command } }
    case 'joined': {
      const { spelling, original } = found
      settings.respell(commandPath, joinedBy(spelling, place))
      return { text: settings.result(), fate: settings.result() === text ? isThere : { kind: 'joined', original } }
    }
    default:
      return found satisfies never
  }
}

/** The text with ours taken out again, the original letter for letter as it was. */
export function planStatusLineRelease(text: string): StatusLinePlan {
  const settings = settingsOf(text)
  const found = statusLineOf(settings)
  if (found?.kind === 'joined') {
    settings.respell(commandPath, found.spelling)
    return { text: settings.result(), fate: { kind: 'given back', original: found.original } }
  }
  if (found?.kind !== 'alone') return { text, fate: { kind: 'not there' } }
  settings.remove(['statusLine'])
  const left = settings.result()
  const isAsBefore = found.before !== undefined && isEmpty(left)
  return { text: isAsBefore ? (found.before ?? undefined) : left, fate: { kind: 'taken out' } }
}

/** A settings text as it would be without our status line; undefined where there would be no file. The very text where it cannot be read. */
export function withoutStatusLine(text: string): string | undefined {
  try {
    return planStatusLineRelease(text).text
  } catch {
    return text
  }
}

/** Whether a settings text has a status line, ours or another. */
export function hasStatusLine(text: string): boolean {
  return settingsOf(text).at(['statusLine']) !== undefined
}

/** Whether a text says no more than an empty object does. */
const isEmpty = (text: string): boolean => /^\s*(?:\{\s*\}\s*)?$/.test(text)

const commandPath = ['statusLine', 'command']

function settingsOf(text: string | undefined): SettingsText {
  const settings = new SettingsText(text)
  settings.checkShape([], false)
  return settings
}

function statusLineOf(settings: SettingsText): ReadCommand | undefined {
  const [node, second] = members(settings.tree, 'statusLine')
  if (node === undefined) return undefined
  if (second !== undefined) throw new SettingsRefusal('statusLine stands there twice')
  if (!isRun(node)) throw new SettingsRefusal('its statusLine is no command that Claude Code would run')
  return readStatusLine(settings.spelling(commandPath))
}

const isRun = (node: Node): boolean =>
  node.type === 'object' &&
  stringMember(node, 'type') === 'command' &&
  (stringMember(node, 'command') ?? '').trim() !== '' &&
  ['type', 'command'].every((key) => members(node, key).length === 1)

function joinedBy(spelling: string, { scope, shell }: StatusLinePlace): string {
  if (shell) return joinedSpelling(spelling, scope)
  throw new SettingsRefusal(
    'joining your own status line needs a POSIX shell; print `circuit-status --statusline` in it',
  )
}
