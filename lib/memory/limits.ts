import { configSchema } from '../config/schema.ts'
import { inWords } from '../schema/words.ts'
import type { MemoryLimits } from './plan.ts'

/** An environment variable that was not used, and what it would have to be. */
export interface LimitProblem {
  /** The variable's name. */
  readonly name: string
  readonly value: string
  /** Why it was not used, and what holds instead, one line. */
  readonly cause: string
}

/** `telemetry_max_lines` is set by `BREAKERBOX_TELEMETRY_MAX_LINES`. */
export const limitVariable = (field: string): string => `BREAKERBOX_${field.toUpperCase()}`

/**
 * The limits of a config with those that the environment sets. Numbers are checked as in the config; `telemetry_files` takes
 * names separated by commas. A wrong value is named, and the config's value holds.
 */
export function memoryLimits(
  configured: MemoryLimits,
  env: Readonly<Record<string, string | undefined>>,
): { readonly limits: MemoryLimits; readonly problems: readonly LimitProblem[] } {
  let limits = configured
  const problems: LimitProblem[] = []
  for (const field of Object.keys(configured) as (keyof MemoryLimits)[]) {
    const name = limitVariable(field)
    const value = env[name]?.trim()
    if (value === undefined || value === '') continue
    const parsed = field === 'telemetry_files' ? value.split(',').map((part) => part.trim()) : numberOf(value)
    const verdict = configSchema.check({ memory_limits: { [field]: parsed } })
    if (verdict.ok) limits = { ...limits, [field]: verdict.value.memory_limits[field] }
    else {
      const [wrong] = verdict.problems
      const cause = `allowed: ${inWords(wrong?.rule ?? {})}; ${JSON.stringify(configured[field])} is used`
      problems.push({ name, value, cause })
    }
  }
  return { limits, problems }
}

/** Decimal numbers only: `0x10`, `1e3` and the empty text are no way to write a limit. */
const numberOf = (value: string): unknown => (/^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value)
