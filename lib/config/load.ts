import { isRecord } from '../calls/json.ts'
import type { Problem } from '../schema/check.ts'
import type { Schema } from '../schema/schema.ts'
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

export interface Loaded<T> {
  readonly config: T
  readonly problems: readonly ConfigProblem[]
}

export type LoadedConfig = Loaded<Config>

/** Larger files are not read, bytes: a config is a page, and a cloned repository may bring anything. */
const mostBytes = 262_144
/** Wrong values that are named one by one; with more the whole file is taken for something else. */
const mostProblems = 50

/**
 * The config of a project: its file, with each wrong value named and its default in force. A missing file means the
 * defaults. Never throws.
 */
export const loadConfig = (files: Files, path: string): LoadedConfig => loadBy(configSchema, files, path)

/** The same for a file of any schema in which every field has a default. */
export function loadBy<T>(schema: Schema<T>, files: Files, path: string): Loaded<T> {
  const unusable = unusableBy(schema, path)
  let text: string
  try {
    const facts = files.facts(path)
    if (facts === undefined) return { config: schema.parse({}), problems: [] }
    if (facts.kind !== 'file') return unusable(`is a ${facts.kind}, not a file`)
    if (facts.size > mostBytes) return unusable(`has ${facts.size} bytes, more than ${mostBytes}`)
    text = files.readText(path)
  } catch (error) {
    return unusable(`cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`)
  }
  return parseBy(schema, text, path)
}

/** A config from a text. */
export const parseConfig = (text: string, path: string): LoadedConfig => parseBy(configSchema, text, path)

function parseBy<T>(schema: Schema<T>, text: string, path: string): Loaded<T> {
  const unusable = unusableBy(schema, path)
  let value: unknown
  try {
    value = JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text)
  } catch (error) {
    return unusable(`is no JSON (${(error as Error).message.split('\n')[0]})`)
  }
  if (!isRecord(value)) return unusable('is no JSON object')
  try {
    return validateBy(schema, value, path)
  } catch (error) {
    // Built to exhaust the stack.
    if (error instanceof RangeError) return unusable('is nested too deeply')
    throw error
  }
}

export const defaultConfig = (): Config => configSchema.parse({})

/** A config from an already parsed value; wrong values are taken out of it one by one until the rest is valid. */
export const validateConfig = (value: Record<string, unknown>, path: string): LoadedConfig =>
  validateBy(configSchema, value, path)

function validateBy<T>(schema: Schema<T>, value: Record<string, unknown>, path: string): Loaded<T> {
  const problems: ConfigProblem[] = []
  let rest = value
  for (;;) {
    const verdict = schema.check(rest)
    if (verdict.ok) return { config: verdict.value, problems }
    if (rest === value) rest = structuredClone(value)
    for (const wrong of verdict.problems) {
      const field = fieldOf(wrong)
      const found = valueAt(rest, field)
      // the second wrong entry of a list that is gone already
      if (found === undefined) continue
      remove(rest, field)
      problems.push({ path, field: field.join('.'), message: `${path}: ${describe(schema, wrong, field, found)}` })
    }
    if (problems.length > mostProblems) return unusableBy(schema, path)(`has more than ${mostProblems} wrong values`)
  }
}

const unusableBy =
  <T>(schema: Schema<T>, path: string) =>
  (why: string): Loaded<T> => {
    const problem = { path, field: '', message: `${path} ${why}; the defaults hold` }
    return { config: schema.parse({}), problems: [problem] }
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

function describe(schema: Schema<unknown>, { path, rule }: Problem, field: readonly string[], found: unknown): string {
  const name = field.join('.')
  if (rule === undefined) return `${name} is no field of the config; it is ignored`
  const allowed = `${path.length > field.length ? 'as each entry ' : ''}${inWords(rule)}`
  const instead = JSON.stringify(valueAt(schema.parse({}), field))
  return `${name} is ${JSON.stringify(found).slice(0, 60)}; allowed: ${allowed}; the default ${instead} holds`
}
