import { fstatSync, readSync, writeSync } from 'node:fs'
import { errorCode } from './known-error.ts'
import type { Bytes } from './system.ts'

/** The three streams of this process; one runner owns them. */
export interface Stdio {
  /**
   * All of stdin as text. Past `most` bytes the rest is read and dropped, so that the writer is not cut off, and `text`
   * is undefined.
   */
  readAll(most: number): Promise<{ readonly text?: string; readonly bytes: number }>
  /** Text as UTF-8, bytes as they are. */
  write(text: string | Uint8Array): void
  /** One line to stderr. */
  writeError(line: string): void
}

/** Streams whose input is to be handed on as it is. */
export interface RawStdio extends Stdio {
  /** All of stdin, however much that is. */
  readBytes(): Promise<Uint8Array>
}

/**
 * The real thing. What a hook does not use it does not pay for: `process.stdin` and `process.stdout` load a good part of
 * Node's network code when they are first touched, milliseconds that most events can do without.
 *
 * @param decode makes text of the whole input; UTF-8 where nothing else is said.
 */
export function nodeStdio(decode: (bytes: Bytes) => string = String): Stdio {
  return {
    async readAll(most) {
      const { all, bytes } = await readInput(most)
      return bytes > most ? { bytes } : { text: decode(all), bytes }
    },
    write: (text) => writeBlocking(stdout, text, () => process.stdout),
    writeError(line) {
      try {
        writeBlocking(stderr, `${line}\n`, () => process.stderr)
      } catch {
        // Nobody reads it, and there is no other place to say so.
      }
    },
  }
}

/** The same with raw input; apart, because few need it and every bundle has its budget. */
export const nodeRawStdio = (): RawStdio => ({
  ...nodeStdio(),
  readBytes: async () => (await readInput(Number.POSITIVE_INFINITY)).all,
})

/** The same for what people also start by hand: on a terminal it does not wait for somebody to type JSON, and has no input. */
export const nodePipedStdio = (): Stdio =>
  fstatSync(stdin).isCharacterDevice() ? { ...nodeStdio(), readAll: async () => ({ bytes: 0 }) } : nodeStdio()

const stdin = 0
const stdout = 1
const stderr = 2
const pieceBytes = 64 * 1024

/**
 * Reads stdin to its end and waits for a slow writer: a hook has nothing else to do meanwhile. Of more than `most` bytes only the
 * number is worth something.
 */
async function readInput(most: number): Promise<{ readonly all: Buffer; readonly bytes: number }> {
  let all = Buffer.allocUnsafe(pieceBytes)
  let bytes = 0
  const take = (read: (room: Buffer) => number): number => {
    // what is too much overwrites what came before
    const place = bytes > most ? 0 : bytes
    if (place === all.length) {
      // fourfold: little is copied, and pages that nothing is written to cost nothing
      const larger = Buffer.allocUnsafe(place * 4)
      all.copy(larger)
      all = larger
    }
    const count = read(all.subarray(place))
    bytes += count
    return count
  }
  try {
    while (take((room) => readSync(stdin, room)) > 0);
  } catch (error) {
    if (isNotYet(error)) {
      // Stdin was handed to us non-blocking and holds nothing at this moment: only a stream can wait then.
      for await (const chunk of process.stdin as AsyncIterable<Buffer>)
        for (let rest = chunk; rest.length > 0; ) rest = rest.subarray(take((room) => rest.copy(room)))
    }
    // How Windows says that a pipe has ended.
    else if (errorCode(error) !== 'EOF') throw error
  }
  return { all: all.subarray(0, bytes), bytes }
}

/** Writes all of it. What a full non-blocking pipe does not take at once is left to the stream, which waits for its reader. */
function writeBlocking(descriptor: number, text: string | Uint8Array, stream: () => NodeJS.WritableStream): void {
  let rest = typeof text === 'string' ? Buffer.from(text) : text
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(descriptor, rest))
  } catch (error) {
    if (!isNotYet(error)) throw error
    stream().write(rest)
  }
}

function isNotYet(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'EAGAIN' || code === 'EWOULDBLOCK'
}
