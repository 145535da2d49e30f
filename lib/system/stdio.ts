import { fstatSync, readSync, writeSync } from 'node:fs'
import { errorCode } from './known-error.ts'

/** The three streams of this process; one runner owns them. */
export interface Stdio {
  /**
   * All of stdin as UTF-8. Past `most` bytes the rest is read and dropped, so that the writer is not cut off, and `text`
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
 */
export function nodeStdio(): Stdio {
  return {
    async readAll(most) {
      const chunks: Uint8Array[] = []
      let bytes = 0
      await readPieces((chunk) => {
        bytes += chunk.length
        if (bytes <= most) chunks.push(chunk)
        else chunks.length = 0
      })
      return bytes > most ? { bytes } : { text: Buffer.concat(chunks).toString('utf8'), bytes }
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
  async readBytes() {
    const chunks: Uint8Array[] = []
    await readPieces((chunk) => chunks.push(chunk))
    return Buffer.concat(chunks)
  },
})

/** The same for what people also start by hand: on a terminal it does not wait for somebody to type JSON, and has no input. */
export const nodePipedStdio = (): Stdio =>
  fstatSync(stdin).isCharacterDevice() ? { ...nodeStdio(), readAll: async () => ({ bytes: 0 }) } : nodeStdio()

const stdin = 0
const stdout = 1
const stderr = 2
const pieceBytes = 64 * 1024

async function readPieces(add: (chunk: Uint8Array) => void): Promise<void> {
  if (readBlocking(add) === 'not yet') for await (const chunk of process.stdin as AsyncIterable<Buffer>) add(chunk)
}

/**
 * Reads stdin to its end and waits for a slow writer: a hook has nothing else to do meanwhile.
 *
 * @returns `not yet` where stdin was handed to us non-blocking and holds nothing at this moment: only a stream can wait then.
 */
function readBlocking(add: (chunk: Uint8Array) => void): 'end' | 'not yet' {
  const piece = Buffer.allocUnsafe(pieceBytes)
  for (;;) {
    try {
      const count = readSync(stdin, piece, 0, pieceBytes, null)
      if (count === 0) return 'end'
      // A copy: a writer of single bytes would otherwise hold a whole piece with each of them.
      add(Buffer.from(piece.subarray(0, count)))
    } catch (error) {
      if (isNotYet(error)) return 'not yet'
      // How Windows says that a pipe has ended.
      if (errorCode(error) === 'EOF') return 'end'
      throw error
    }
  }
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
