/**
 * Does `task` every so many milliseconds until it is told to stop, for a process that waits for something else meanwhile. It
 * keeps no process alive.
 *
 * @param task must not throw.
 * @returns stops it.
 */
export function every(milliseconds: number, task: () => void): () => void {
  const timer = setInterval(task, milliseconds)
  timer.unref()
  return () => clearInterval(timer)
}
