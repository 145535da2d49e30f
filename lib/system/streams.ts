import type { FileFacts } from './system.ts'

/**
 * File access in pieces, for logs that are too large to be held in memory. Stands beside `Files` and, like it, behind an
 * interface, so that a test can pull the plug between two operations.
 */
export interface Streams {
  /** Opens a file for reading; a link at `path` is refused (ELOOP). */
  openSource(path: string): ByteSource
  /**
   * Opens a file for writing at its end, created owner-only where it is missing; a link at `path` is refused (ELOOP).
   *
   * @param keep bytes of the present content that stay; what is behind them is cut off.
   */
  openSink(path: string, keep: number): ByteSink
  /** Compression, loaded on first use: a run with nothing to pack never pays for it. */
  compression(): Promise<Compression>
  /**
   * Which of these files some process, this one included, has open for writing. Exact for the processes that this user
   * may look at and that share this machine's process list; processes of other users and of other containers are not
   * seen. Undefined where the system does not tell.
   */
  openForWriting(paths: readonly string[]): Promise<ReadonlySet<string> | undefined>
}

export interface ByteSource {
  /** Facts of the open file, also after its name has gone to another one. */
  facts(): FileFacts
  /** Fills `into` from `position` on, bytes; the number of bytes read, fewer than asked for only at the end. */
  read(into: Uint8Array, position: number): number
  close(): void
}

export interface ByteSink {
  facts(): FileFacts
  /** Adds all of `bytes` at the end. */
  append(bytes: Uint8Array): void
  /** Waits until the disk has everything (fsync). */
  sync(): void
  close(): void
}

export interface Compression {
  /** One complete gzip member. `level` 1 (fast) to 9 (small). */
  gzip(bytes: Uint8Array, level: number): Uint8Array
  /** All members of `bytes`, unpacked; throws when they are damaged or unpack to more than `maximum` bytes. */
  gunzip(bytes: Uint8Array, maximum: number): Uint8Array
}

const newline = 10
const pieceBytes = 64 * 1024

/**
 * Number of lines in a file; an unfinished last line counts.
 *
 * @param stopAfter counting ends as soon as there are more than this many lines.
 * @param goOn asked after each piece; when it says false, counting ends with what was found so far.
 */
export function countLines(source: ByteSource, stopAfter = Number.POSITIVE_INFINITY, goOn = () => true): number {
  const piece = Buffer.allocUnsafe(pieceBytes)
  let lines = 0
  let position = 0
  let last = newline
  for (;;) {
    const got = source.read(piece, position)
    if (got === 0) break
    // One native call for the whole piece: a call for each line would cost ten times as much.
    lines += piece.toString('latin1', 0, got).split('\n').length - 1
    position += got
    last = piece[got - 1] as number
    if (lines > stopAfter || !goOn()) return lines
  }
  return last === newline ? lines : lines + 1
}
