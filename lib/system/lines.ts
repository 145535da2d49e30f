import { createReadStream } from 'node:fs'

/** Longest line that is handed out, characters; a longer one is handed out as undefined, so that it can be counted. */
export const longestLine = 64 * 1024 * 1024

/**
 * The lines of a file, one after the other, however large the file: memory is bounded by the longest line. A name that ends
 * in `.gz` is unpacked on the way.
 *
 * @param onBytes told how many bytes of the file were read, for a progress bar.
 * @throws the system's error, or zlib's for a damaged archive.
 */
export async function* readLines(
  path: string,
  onBytes: (bytes: number) => void = () => {},
): AsyncGenerator<string | undefined> {
  // Most files are not packed. Before the file is opened: an error of it must not find nobody listening.
  const zlib = path.endsWith('.gz') ? await import('node:zlib') : undefined
  const file = createReadStream(path, { highWaterMark: 256 * 1024 })
  file.on('data', (chunk) => onBytes(chunk.length))
  const bytes = zlib === undefined ? file : file.pipe(zlib.createGunzip())
  // an error of the file does not reach what it is piped into
  if (bytes !== file) file.on('error', (error) => bytes.destroy(error))
  bytes.setEncoding('utf8')
  let parts: string[] = []
  let length = 0
  const line = (rest: string): string | undefined => {
    const whole = length > longestLine ? undefined : parts.join('') + rest
    parts = []
    length = 0
    return whole
  }
  try {
    for await (const chunk of bytes as AsyncIterable<string>) {
      let from = 0
      for (let at = chunk.indexOf('\n'); at >= 0; at = chunk.indexOf('\n', from)) {
        yield line(chunk.slice(from, at))
        from = at + 1
      }
      const rest = chunk.slice(from)
      length += rest.length
      if (length <= longestLine) parts.push(rest)
    }
    if (length > 0) yield line('')
  } finally {
    // a reader that stops early ends only what it reads from, not the file that is piped into it
    file.destroy()
  }
}
