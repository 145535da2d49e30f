/** What a command has to say. Handlers return it; only `runCommand` writes. */
export interface CommandResult {
  /** 0: done. 1: refused or failed. 2: wrong command, option or value. */
  readonly exitCode: number
  /** For stdout, line ends included. */
  readonly out: string
  /** For stderr, line ends included. */
  readonly err: string
}

export interface Progress {
  /** So much more is done. */
  add(amount: number): void
  /** Takes the bar away. */
  end(): void
}

/** What a command line brings besides the system. */
export interface Invocation {
  /** The words after the program's name. */
  readonly words: readonly string[]
  /** Whether stdout may be coloured. */
  readonly colour: boolean
  /** Shows how much of `total` is done, on a terminal only. */
  progress(total: number): Progress
  /** Folder of the running executable, where the other bundles are. */
  readonly folder: string
}

export const printed = (...lines: readonly string[]): CommandResult => ({ exitCode: 0, out: text(lines), err: '' })
export const failed = (...lines: readonly string[]): CommandResult => ({ exitCode: 1, out: '', err: text(lines) })
/** A wrong command, option or value; the lines name what is allowed. */
export const misused = (...lines: readonly string[]): CommandResult => ({ exitCode: 2, out: '', err: text(lines) })

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
