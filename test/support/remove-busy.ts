import { rmSync } from 'node:fs'

/**
 * Removes a folder in which processes may still be writing: hooks that were told to stop finish their last file, and what delivers
 * events ends when it misses its lock. A folder that has been filled meanwhile is emptied again, for ten seconds; `maxRetries`
 * of Node would only try the same `rmdir` again, without looking at what is new.
 */
export function removeBusy(root: string): void {
  const nap = new Int32Array(new SharedArrayBuffer(4))
  for (let attempt = 1; ; attempt += 1) {
    try {
      rmSync(root, { recursive: true, force: true })
      return
    } catch (error) {
      if (attempt === 50 || (error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
      Atomics.wait(nap, 0, 0, 200)
    }
  }
}
