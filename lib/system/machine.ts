/**
 * What only an examination of this machine asks: of its Node, its disks, its other processes, and of programs that are run to see
 * whether they run. Apart from `System`, because no hook needs it and every bundle has its budget.
 */
export interface Machine {
  /** Of the running process, such as `20.20.2`. */
  readonly nodeVersion: string
  /** The running Node itself, absolute. */
  readonly nodePath: string
  readonly platform: NodeJS.Platform
  /** The user that this process runs as; undefined where the system knows no numbers. */
  readonly userId: number | undefined
  /** The user that a path belongs to, links not followed; undefined where there is nothing, or no such number. */
  ownerOf(path: string): number | undefined
  /** Whether a process of that id is there, whoever runs it. */
  isRunning(pid: number): boolean
  /** The file system that holds a path; undefined where it does not tell. */
  volumeOf(path: string): Volume | undefined
  /** Runs a program to its end, its output kept from ours. Never throws. */
  run(program: string, words: readonly string[], options: RunOptions): Promise<Ran>
  /** A new folder of our own among the temporary ones. */
  scratch(): Scratch
}

/** Numbers of one file system. */
export interface Volume {
  /** Bytes that this user may still write. */
  readonly freeBytes: number
  /** Files that may still be made; undefined where the file system has no such limit. */
  readonly freeFiles: number | undefined
  /** The kernel's number of its type; its meaning is the platform's. */
  readonly type: number
}

export interface RunOptions {
  readonly folder: string
  /** The whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** For its stdin; nothing by default. */
  readonly input?: string
  /** Milliseconds after which it and all that it started is ended. */
  readonly timeoutMs: number
}

/** How a program ended. */
export interface Ran {
  /** Absent where it was ended, or never started. */
  readonly code?: number
  /** At most 64 kB, as its stderr. */
  readonly stdout: string
  readonly stderr: string
  readonly timedOut: boolean
}

export interface Scratch {
  /** Absolute, links resolved. */
  readonly folder: string
  /** A link to a folder; the folders above it are made. */
  link(target: string, path: string): void
  /** Takes it away with all that is in it; links in it are not followed. */
  remove(): void
}
