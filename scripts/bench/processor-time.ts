import { existsSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'

/** The kernel counts processor time in hundredths of a second. */
const ticksPerSecond = 100

/**
 * Seconds of processor time that the whole machine has spent on a work, this process left out. Of the whole machine,
 * because nobody waits for a process in the background, and the kernel adds only those up for a parent; so the machine has
 * to be idle otherwise. NaN where the system does not tell.
 *
 * @param settling how long what the work left running in the background may take to end, milliseconds.
 */
export async function processorSeconds(work: () => Promise<void>, settling: number): Promise<number> {
  const ownBefore = process.cpuUsage()
  const before = busySeconds()
  await work()
  await setTimeout(settling)
  const { user, system } = process.cpuUsage(ownBefore)
  return busySeconds() - before - (user + system) / 1_000_000
}

/** Seconds of processor time that children of this process have used whose end was waited for; NaN where nobody tells. */
export function childSeconds(): number {
  if (!existsSync('/proc/self/stat')) return Number.NaN
  // behind the name, in which anything may stand: the 14th and 15th fields are the children's
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond
}

function busySeconds(): number {
  if (!existsSync('/proc/stat')) return Number.NaN
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user = 0, nice = 0, system = 0] = first.split(/\s+/).slice(1).map(Number)
  return (user + nice + system) / ticksPerSecond
}
