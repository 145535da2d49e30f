/**
 * The cooldowns of one circuit, seconds, climbing: the base, then every rung of the ladder above it. Base 5 on
 * `[5, 10, 30, 60, 300]` gives 5, 10, 30, 60, 300; base 10 gives 10, 30, 60, 300.
 */
export function rungs(base: number, ladder: readonly number[]): number[] {
  return [base, ...ladder.filter((rung) => rung > base).sort((a, b) => a - b)]
}

/** The cooldown of a level, seconds. Level 1 is the first trip; beyond the last rung the last one holds. */
export function cooldownSeconds(level: number, base: number, ladder: readonly number[]): number {
  const steps = rungs(base, ladder)
  return steps[Math.min(Math.max(level, 1), steps.length) - 1] as number
}

/** Whether a level stands on the last rung. */
export const isTopRung = (level: number, base: number, ladder: readonly number[]): boolean =>
  level >= rungs(base, ladder).length
