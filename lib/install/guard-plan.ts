import { commandLine } from '../guard/guard-command.ts'
import type { HookClass } from '../guard/hook-state.ts'
import {
  eventToCount,
  type GuardedCommand,
  type Guarding,
  guardedSpelling,
  guardProgram,
  guardSeconds,
  guardWordCount,
  guardWords,
  type HookCommand,
  originalSpelling,
  readGuarded,
  runsGuard,
} from './guard-wrap.ts'
import type { Scope } from './hook-table.ts'
import { members, plainValue } from './json-text.ts'
import { type HookEntry, hookPath, SettingsText, stringMember } from './settings-text.ts'

/** What `guard-hooks` makes of a settings text. Pure: texts in, texts out. */

export interface GuardWishes {
  readonly scope: Scope
  /** Absolute path of the user's home folder. */
  readonly home: string
  /** Whether a POSIX shell runs the client's commands. */
  readonly shell: boolean
  /** Every command of ours, which is not guarded. */
  readonly ownCommands: ReadonlySet<string>
  /** Absent: `convenience` for a hook that is not guarded yet, and no change for one that is. */
  readonly class?: HookClass
  /** Whether a hook, by its own command, is meant. */
  readonly isMeant: (command: string) => boolean
  /** Seconds that a run of it may take; undefined where the user's config excludes it. */
  readonly secondsFor: (command: string) => number | undefined
}

/** One hook of the settings, and what becomes of it. */
export interface PlannedHook {
  readonly event: string
  /** Empty where there is none. */
  readonly matcher: string
  /** Its own command, one text. */
  readonly command: string
  readonly fate: HookFate
}

export type HookFate =
  /** `ownTimeout`: the entry's own one, seconds, where it is cut short by more than the share that the guard needs. */
  | ({ readonly kind: 'guarded'; readonly ownTimeout?: number } & Guarding)
  | ({ readonly kind: 'guarded already' } & Guarding)
  | { readonly kind: 'released' }
  /** It cannot or must not be guarded: why. */
  | { readonly kind: 'left alone'; readonly why: string }
  /** One of ours. */
  | { readonly kind: 'own' }
  | { readonly kind: 'not meant' }

export interface GuardPlan {
  readonly text: string
  readonly hooks: readonly PlannedHook[]
}

/** The text with the hooks guarded that are meant. The same text comes back where nothing is to do. */
export function planGuard(text: string, wishes: GuardWishes): GuardPlan {
  const settings = settingsOf(text)
  const hooks = settings.hookEntries().map((entry) => {
    const found = readHook(entry)
    const hook = plannedHook(entry, found, fateOf(entry, found, wishes))
    const { fate } = hook
    if (fate.kind === 'guarded' && found.kind === 'command') {
      if (found.guarded !== undefined) release(settings, entry, found.original, found.guarded)
      guard(settings, entry, found.original, fate, wishes)
    }
    return hook
  })
  return { text: settings.result(), hooks }
}

/** The text with the guard taken out again, each command letter for letter as it was. */
export function planRelease(text: string, isMeant: GuardWishes['isMeant'] = () => true): GuardPlan {
  const settings = settingsOf(text)
  const hooks = settings.hookEntries().map((entry) => {
    const found = readHook(entry)
    const hook = plannedHook(entry, found, { kind: 'not meant' })
    if (found.kind !== 'command' || !isMeant(hook.command)) return hook
    if (found.guarded !== undefined) {
      release(settings, entry, found.original, found.guarded)
      return { ...hook, fate: { kind: 'released' } as const }
    }
    const byHand = runsGuard(found.original)
    return byHand ? { ...hook, fate: { kind: 'left alone', why: 'guarded by hand' } as const } : hook
  })
  return { text: settings.result(), hooks }
}

/** Commands of the hooks that were given back. */
export const releasedCommands = (hooks: readonly PlannedHook[]): string[] =>
  hooks.flatMap(({ command, fate }) => (fate.kind === 'released' ? [command] : []))

/** Commands of the hooks that are guarded in a settings text; none where it cannot be read. */
export function guardedCommands(text: string): string[] {
  try {
    return releasedCommands(planRelease(text).hooks)
  } catch {
    return []
  }
}

/** A settings text as it would be without any guard; the very text where it cannot be read. */
export function unguarded(text: string): string {
  try {
    return planRelease(text).text
  } catch {
    return text
  }
}

function settingsOf(text: string): SettingsText {
  const settings = new SettingsText(text)
  settings.checkShape([], false)
  return settings
}

/** An entry as far as guarding is concerned. */
type FoundHook =
  | { readonly kind: 'command'; readonly original: HookCommand; readonly guarded?: Guarding }
  | { readonly kind: 'other'; readonly command: string; readonly why: string }

function readHook({ hook }: HookEntry): FoundHook {
  const command = stringMember(hook, 'command')
  const type = stringMember(hook, 'type') ?? 'no'
  const other = (why: string): FoundHook => ({ kind: 'other', command: command ?? `(${type} hook)`, why })
  if (type !== 'command') return other(`it is a hook of type ${type}, which runs no command`)
  if (command === undefined || command.trim() === '') return other('it has no command')
  const shell = stringMember(hook, 'shell')
  if (shell !== undefined) return other(`it asks for a shell of its own, ${shell}`)
  if (['type', 'command', 'args', 'timeout'].some((key) => members(hook, key).length > 1))
    return other('one of its fields stands there twice')
  const args = members(hook, 'args').map(plainValue)[0]
  if (args === undefined) {
    return found(command, readGuarded(command))
  }
  if (!Array.isArray(args) || !args.every((word) => typeof word === 'string')) return other('its args are no texts')
  return found([command, ...args], readGuarded(command, args))
}

function found(command: HookCommand, guarded: GuardedCommand | undefined): FoundHook {
  if (guarded === undefined) return { kind: 'command', original: command }
  const { original, ...guarding } = guarded
  return { kind: 'command', original, guarded: guarding }
}

const plannedHook = ({ event, matcher }: HookEntry, found: FoundHook, fate: HookFate): PlannedHook => ({
  event,
  matcher,
  command: found.kind === 'command' ? commandLine(found.original) : found.command,
  fate,
})

function fateOf({ hook, event }: HookEntry, found: FoundHook, wishes: GuardWishes): HookFate {
  if (found.kind === 'other') return { kind: 'left alone', why: found.why }
  const { original, guarded } = found
  const command = commandLine(original)
  if (typeof original === 'string' && wishes.ownCommands.has(original)) return { kind: 'own' }
  if (!wishes.isMeant(command)) return { kind: 'not meant' }
  if (runsGuard(original)) return { kind: 'left alone', why: 'guarded by hand' }
  const counted = eventToCount(event)
  if (guarded !== undefined) {
    // Somebody may have moved it to another event.
    const isAsMeant = guarded.event === counted.event && (wishes.class ?? guarded.class) === guarded.class
    if (isAsMeant) return { kind: 'guarded already', ...guarded }
  }
  const limit = wishes.secondsFor(command)
  if (limit === undefined) return { kind: 'left alone', why: 'excluded by your config' }
  const timeout = members(hook, 'timeout').map(plainValue)[0]
  const seconds = guardSeconds(timeout, limit)
  const isCut = typeof timeout === 'number' && seconds < guardSeconds(timeout, Number.POSITIVE_INFINITY)
  return {
    kind: 'guarded',
    class: wishes.class ?? guarded?.class ?? 'convenience',
    seconds,
    ...counted,
    ...(isCut ? { ownTimeout: timeout } : {}),
  }
}

function guard(
  settings: SettingsText,
  entry: HookEntry,
  original: HookCommand,
  guarding: Guarding,
  { scope, home, shell }: GuardWishes,
): void {
  const path = hookPath(entry)
  const command = [...path, 'command']
  const args = [...path, 'args']
  const spelling = settings.spelling(command)
  if (typeof original === 'string' && shell) {
    settings.respell(command, guardedSpelling(spelling, scope, original, guarding))
    return
  }
  if (typeof original === 'string') {
    settings.addMember(path, 'args', [...guardWords(scope, home, guarding, '--shell'), original])
    settings.respell([...args, guardWordCount(guarding)], spelling)
  } else {
    const words = guardWords(scope, home, guarding, '--').map((word) => JSON.stringify(word))
    settings.insertFront(args, [...words, spelling])
  }
  settings.respell(command, JSON.stringify(guardProgram))
}

function release(settings: SettingsText, entry: HookEntry, original: HookCommand, guarding: Guarding): void {
  const path = hookPath(entry)
  const command = [...path, 'command']
  const args = [...path, 'args']
  if (members(entry.hook, 'args').length === 0) {
    settings.respell(command, originalSpelling(settings.spelling(command)))
    return
  }
  const count = guardWordCount(guarding)
  settings.respell(command, settings.spelling([...args, count]))
  if (typeof original === 'string') settings.remove(args)
  else settings.cutFront(args, count + 1)
}
