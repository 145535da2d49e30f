/** The three streams and the exit code of this process; one runner owns them. */
export interface Stdio {
  /**
   * All of stdin as UTF-8. Past `most` bytes the rest is read and dropped, so that the writer is not cut off, and `text`
   * is undefined.
   */
  readAll(most: number): Promise<{ readonly text?: string; readonly bytes: number }>
  write(text: string): void
  /** One line to stderr. */
  writeError(line: string): void
  setExitCode(code: number): void
  /** Whether stdout is a terminal that shows colours (`NO_COLOR` and `TERM=dumb` honoured). */
  readonly colour: boolean
  /** Columns of the terminal, 80 where there is none. */
  readonly columns: number
}

export function nodeStdio(): Stdio {
  return {
    async readAll(most) {
      const chunks: Buffer[] = []
      let bytes = 0
      for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
        bytes += chunk.length
        if (bytes <= most) chunks.push(chunk)
        else chunks.length = 0
      }
      return bytes > most ? { bytes } : { text: Buffer.concat(chunks).toString('utf8'), bytes }
    },
    write: (text) => {
      process.stdout.write(text)
    },
    writeError: (line) => {
      process.stderr.write(`${line}\n`)
    },
    // not process.exit(): what was written to a pipe must arrive
    setExitCode: (code) => {
      process.exitCode = code
    },
    colour: process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
    columns: process.stdout.columns ?? 80,
  }
}
