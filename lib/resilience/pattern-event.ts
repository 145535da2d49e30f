import { basename, isAbsolute, relative } from 'node:path'
import { hash } from '../calls/hash.ts'
import { redact } from '../calls/redact.ts'
import type { ServiceEvent } from './contracts.ts'
import { languageOf, symbolIn } from './source-text.ts'

/** What can happen to a pattern, and what such an event is called. */
export type PatternAction = 'created' | 'modified' | 'applied' | 'merged'

/** A pattern: a file, or something that is declared in it. */
export interface Pattern {
  /** Absolute, or relative to the project. */
  readonly file: string
  /** Name of the function, class or the like that is meant; absent: the file, or what an edited text declares. */
  readonly symbol?: string
}

/** What happened to a pattern. */
export interface PatternChange extends Pattern {
  /** The text that it has now: of the whole file, or of the edited part. */
  readonly content?: string
  /** The text that stood there before, of an edited part. */
  readonly before?: string
  /** The patterns that went into this one, of a merge. */
  readonly sources?: readonly Pattern[]
  readonly session?: string
  /** The subagent that did it; absent for the main agent. */
  readonly agent?: string
  readonly tool?: string
}

export interface EventFrame {
  /** Idempotency key. */
  readonly id: string
  /** Absolute path of the project. */
  readonly project: string
  /** Milliseconds since 1970. */
  readonly now: number
  /** Whether texts are sent, secrets taken out; without, their hashes and the names are all that leaves the machine. */
  readonly content: boolean
}

/** A pattern as a service knows it. */
interface PatternName {
  /** Sixteen hexadecimal digits: the same on every machine and in every clone. */
  readonly pattern_id: string
  readonly pattern_name: string
  /** Relative to the project, with `/`; of a file elsewhere only its name. */
  readonly file: string
  readonly language: string
}

/** The event by which a service hears of a change. */
export function patternEvent(action: PatternAction, change: PatternChange, frame: EventFrame): ServiceEvent {
  const { project, now, id, content: withContent } = frame
  const { content, before, sources, session, agent, tool } = change
  const name = patternName(change, project)
  const body = {
    ...name,
    project: redact(basename(project)),
    ...(content === undefined ? {} : { content_hash: hash(content), lines: linesOf(content) }),
    ...(before === undefined ? {} : { before_hash: hash(before) }),
    ...(withContent ? { ...textOf('content', content), ...textOf('before', before) } : {}),
    ...(sources === undefined ? {} : { sources: sources.map((source) => patternName(source, project)) }),
    ...(session === undefined ? {} : { session_id: session }),
    ...(agent === undefined ? {} : { agent_id: agent }),
    ...(tool === undefined ? {} : { tool }),
  }
  const kind = action === 'merged' ? 'patterns_merged' : `pattern_${action}`
  return { id, key: name.pattern_id, at: new Date(now).toISOString(), route: 'patterns', kind, body }
}

/** What two reports of the same thing have in common. */
export const changeHash = (
  action: PatternAction,
  { content, before, sources }: PatternChange,
  project: string,
): string => hash(JSON.stringify([project, action, content, before, sources]))

function patternName(change: PatternChange, project: string): PatternName {
  const file = pathIn(project, change.file)
  const language = languageOf(file)
  // Only an edited part stands for what it declares: a whole file declares many things.
  const symbol =
    change.symbol ?? (change.before === undefined ? undefined : symbolIn(language, change.before, change.content))
  return {
    pattern_id: hash(symbol === undefined ? file : `${file}\n${symbol}`),
    pattern_name: redact(symbol ?? basename(file)),
    file: redact(file),
    language,
  }
}

function pathIn(project: string, file: string): string {
  const path = isAbsolute(file) ? relative(project, file) : file
  const isOutside = path === '' || isAbsolute(path) || /^\.\.(?:[\\/]|$)/.test(path)
  return isOutside ? basename(file) : path.replaceAll('\\', '/')
}

const linesOf = (text: string): number => (text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0))

/** A text without its secrets; of a long one the beginning, which is said. */
function textOf(field: 'content' | 'before', text: string | undefined): Record<string, string | true> {
  if (text === undefined) return {}
  return { [field]: redact(text), ...(text.length > mostText ? { [`${field}_cut`]: true } : {}) }
}

/** What `redact` looks at, characters. */
const mostText = 4096
