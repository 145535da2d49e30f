import type { CallEntry } from '../windows/entry.ts'

/** How a repeated look is spaced by waiting: not at all, shortly (a server that starts), or long (work that is awaited). */
export type Patience = 'none' | 'short' | 'long'

/** Shortest sleep that counts as long, seconds. */
const long = 10

/**
 * Whether most repeats were waited for: a call that slept lies between the two, or is the second one itself.
 *
 * @param since the agent's calls from the first repeat on, oldest first.
 * @param same the repeats among them.
 */
export function patienceOf(since: readonly CallEntry[], same: readonly CallEntry[]): Patience {
  const waits = same.slice(1).map((entry, i) => {
    const between = since.slice(since.indexOf(same[i] as CallEntry) + 1, since.indexOf(entry) + 1)
    return Math.max(0, ...between.map(({ waits = 0 }) => waits))
  })
  const most = (least: number) => waits.length > 0 && waits.filter((wait) => wait >= least).length * 2 >= waits.length
  return most(long) ? 'long' : most(0.1) ? 'short' : 'none'
}
