import { isRecord } from '../calls/json.ts'
import type { Problem } from '../schema/check.ts'
import { inWords } from '../schema/words.ts'
import type { Files } from '../system/system.ts'
import { type Config, configSchema } from './schema.ts'

/** A value in a config that cannot be used, in one line: path, field, value, what is allowed, what holds instead. */
export interface ConfigProblem {
  readonly path: string
  /** Dotted; empty for the file as a whole. */
  readonly field: string
  readonly message: string
}

export interface LoadedConfig {
  readonly config: Config
  readonly problems: readonly ConfigProblem[]
}

/** Larger files are not read, bytes: a config is a page, and a cloned repository may bring anything. */
const mostBytes = 262_144
/** Wrong values that are named one by one; with more the whole file is taken for something else. */
const mostProblems = 50

/**
 * The config of a project: its file, with each wrong value named and its default in force. A missing file means the
 * defaults. Never throws.
 */
export function loadConfig(files: Files, path: string): LoadedConfig {
  let text: string
  try {
    const facts = files.facts(path)
    if (facts === undefined) return { config: defaultConfig(), problems: [] }
    if (facts.kind !== 'file') return unusable(path, `is a ${facts.kind}, not a file`)
    if (facts.size > mostBytes) return unusable(path, `has ${facts.size} bytes, more than ${mostBytes}`)
    text = files.readText(path)
  } catch (error) {
    return unusable(path, `cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`)
  }
  return parseConfig(text, path)
}

/** The same for a text. */
export function parseConfig(text: string, path: string): LoadedConfig {
  let value: unknown
  try {
    value = JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text)
  } catch (error) {
    return unusable(path, `is no JSON (${(error as Error).message.split('\n')[0]})`)
  }
  if (!isRecord(value)) return unusable(path, 'is no JSON object')
  try {
    return validateConfig(value, path)
  } catch (error) {
    // Built to exhaust the stack.
    if (error instanceof RangeError) return unusable(path, 'is nested too deeply')
    throw error
  }
}

export const defaultConfig = (): Config => configSchema.parse({})

/** A config from an already parsed value; wrong values are taken out of it one by one until the rest is valid. */
export function validateConfig(value: Record<string, unknown>, path: string): LoadedConfig {
  const problems: ConfigProblem[] = []
  const rest = structuredClone(value)
  for (;;) {
    const verdict = configSchema.check(rest)
    if (verdict.ok) return { config: verdict.value, problems }
    for (const wrong of verdict.problems) {
      const field = fieldOf(wrong)
      const found = valueAt(rest, field)
      // the second wrong entry of a list that is gone already
      if (found === undefined) continue
      remove(rest, field)
      problems.push({ path, field: field.join('.'), message: `${path}: ${describe(wrong, field, found)}` })
    }
    if (problems.length > mostProblems) return unusable(path, `has more than ${mostProblems} wrong values`)
  }
}

function unusable(path: string, why: string): LoadedConfig {
  const problem = { path, field: '', message: `${path} ${why}; the defaults hold` }
  return { config: defaultConfig(), problems: [problem] }
}

/** What a problem is about; a wrong list entry is about the whole list. */
function fieldOf({ path }: Problem): string[] {
  const inList = path.findIndex((part) => typeof part === 'number')
  return path.slice(0, inList === -1 ? path.length : inList).map(String)
}

function valueAt(root: unknown, field: readonly string[]): unknown {
  return field.reduce<unknown>(
    (value, key) => (isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    root,
  )
}

function remove(root: Record<string, unknown>, field: readonly string[]): void {
  const parent = valueAt(root, field.slice(0, -1))
  const last = field.at(-1)
  if (isRecord(parent) && last !== undefined) delete parent[last]
}

function describe({ path, rule }: Problem, field: readonly string[], found: unknown): string {
  const name = field.join('.')
  if (rule === undefined) return `${name} is no field of the config; it is ignored`
  const allowed = `${path.length > field.length ? 'as each entry ' : ''}${inWords(rule)}`
  const instead = JSON.stringify(valueAt(defaultConfig(), field))
  return `${name} is ${JSON.stringify(found).slice(0, 60)}; allowed: ${allowed}; the default ${instead} holds`
}
