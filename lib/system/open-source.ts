import * as fs from 'node:fs'
import type { ByteSource } from './streams.ts'
import type { FileFacts } from './system.ts'

// Missing on Windows, where opening a link for writing is a privilege anyway.
export const noFollow = fs.constants.O_NOFOLLOW ?? 0

export function factsOf(descriptor: number): FileFacts {
  const stat = fs.fstatSync(descriptor, { bigint: true })
  return {
    kind: stat.isFile() ? 'file' : 'other',
    size: Number(stat.size),
    modifiedAt: Number(stat.mtimeNs / 1000n) / 1000,
    mode: Number(stat.mode) & 0o777,
    identity: `${stat.dev}:${stat.ino}`,
  }
}

/** Opens a file to read pieces of it; a link at `path` is refused (ELOOP). */
export function openSource(path: string): ByteSource {
  const descriptor = fs.openSync(path, fs.constants.O_RDONLY | noFollow | (fs.constants.O_NONBLOCK ?? 0))
  return {
    facts: () => factsOf(descriptor),
    read(into, position) {
      let filled = 0
      while (filled < into.length) {
        const got = fs.readSync(descriptor, into, filled, into.length - filled, position + filled)
        if (got === 0) break
        filled += got
      }
      return filled
    },
    close: () => fs.closeSync(descriptor),
  }
}
