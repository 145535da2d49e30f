import { redact } from '../calls/redact.ts'
import { causeLine } from '../system/known-error.ts'

/** How often something was run, and how it went. */
export interface Tally {
  succeeded: number
  failed: number
}

export interface GracefulOptions {
  /** Hears of each failure: one line, secrets taken out, and the error itself. What it throws is dropped. */
  readonly onError: (line: string, error: unknown) => void
  /** What is counted into; `gracefulTally` by default. */
  readonly tally?: Tally
}

/** Of this process. */
export const gracefulTally: Tally = { succeeded: 0, failed: 0 }

/** The result of `fn`, or `fallback` where it throws or rejects. Never throws; a failure is told and counted. */
export async function graceful<T, F>(
  fn: () => T | Promise<T>,
  fallback: F,
  { onError, tally = gracefulTally }: GracefulOptions,
): Promise<T | F> {
  try {
    const result = await fn()
    tally.succeeded += 1
    return result
  } catch (error) {
    tally.failed += 1
    try {
      onError(redact(causeLine(error)), error)
    } catch {
      // There is nobody left to tell.
    }
    return fallback
  }
}
