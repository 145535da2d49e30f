/**
 * Everything that touches the operating system stands behind these interfaces, so that a test can set the clock, pull the
 * plug between two file operations, or say which processes are running. No other room imports `node:fs`, `node:process`
 * or `node:child_process`.
 */

/** Milliseconds since 1970-01-01 UTC. Read once per event, at the edge, and passed down as `now`. */
export type Clock = () => number

/** What `lstat` tells of a path. Links are reported as links, never followed. */
export interface FileFacts {
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  /** Bytes. */
  readonly size: number
  /** Milliseconds since 1970, by the file system's clock. */
  readonly modifiedAt: number
  /** Permission bits, such as 0o600. */
  readonly mode: number
  /** Device and inode in one string: the same path with another identity is another file. */
  readonly identity: string
  /**
   * The file system's own time of the last change of content, rights or name. Nobody can set it, so the same one on the same
   * file means the same content. Absent where it is not told.
   */
  readonly changed?: string
}

/** Bytes of a file. Node's `Buffer` is such; it is not named, so that who uses the types of the library needs none of Node's. */
export interface Bytes extends Uint8Array {
  toString(encoding?: 'utf8' | 'latin1'): string
  subarray(begin?: number, end?: number): Bytes
}

/**
 * The file operations that the project needs, synchronous because a hook lives a tenth of a second and has nothing else
 * to do meanwhile. Every method throws Node's own error (`code` is ENOENT, EEXIST, EACCES, …) unless it says otherwise.
 */
export interface Files {
  /** The whole file as UTF-8 text. */
  readText(path: string): string
  /** The first `bytes` of a file, raw. */
  readHead(path: string, bytes: number): Bytes
  /** The last `bytes` of a file, raw. */
  readTail(path: string, bytes: number): Bytes
  /** Creates a file that must not exist yet (EEXIST), owner-only; `durable` waits until the disk has it (fsync). */
  create(path: string, content: string | Uint8Array, options?: { readonly durable?: boolean }): void
  /**
   * One append in one write, the file created owner-only where it is missing. Does not follow a link at `path` (ELOOP).
   * `durable` waits until the disk has it (fsync).
   */
  append(path: string, content: string, options?: { readonly durable?: boolean }): void
  /** Atomic; replaces a file at `to`. */
  rename(from: string, to: string): void
  /** A second name for the same file; EEXIST where `to` is taken. */
  link(from: string, to: string): void
  /** Deletes a file or a link, never a folder. */
  remove(path: string): void
  /** Creates one folder, owner-only; EEXIST where there is something. */
  makeFolder(path: string): void
  /** Creates a folder and its parents, owner-only; nothing to do where it exists. */
  makeFolders(path: string): void
  /** Deletes an empty folder (ENOTEMPTY otherwise). */
  removeFolder(path: string): void
  /** Names in a folder, sorted. */
  list(path: string): string[]
  /** Facts of a path itself; undefined where there is nothing. */
  facts(path: string): FileFacts | undefined
  /** The path with every link in it resolved. */
  realPath(path: string): string
  /** Sets the modification time, milliseconds since 1970. */
  touch(path: string, at: number): void
  /** Makes a file executable or owner-only. */
  setMode(path: string, mode: number): void
}

/** One process, as the list of ancestors shows it. */
export interface ProcessFacts {
  readonly pid: number
  /** The executable's base name, such as `claude` or `node`. */
  readonly name: string
  /** The command line's words; empty where the system does not tell. */
  readonly words: readonly string[]
}

export interface Processes {
  readonly pid: number
  /** From the parent upwards, nearest first; ends where the system stops telling. */
  ancestors(): readonly ProcessFacts[]
}

export interface System {
  readonly clock: Clock
  readonly files: Files
  readonly processes: Processes
  readonly env: Readonly<Record<string, string | undefined>>
  /** The host's name, for reports that several machines share. */
  readonly host: string
  /** The folder that this process was started in. */
  readonly workingFolder: string
  /** The user's home folder (`HOME`, `USERPROFILE`). */
  readonly homeFolder: string
  /** Waits. */
  sleep(milliseconds: number): Promise<void>
  /**
   * What a bundle beside the executable exports: a part that only some need, loaded when it is.
   *
   * @param name of the file, without its ending.
   * @throws an error where it is not there.
   */
  loadPart(name: string): unknown
  /** Eight random hexadecimal digits, for names of temporary files. */
  token(): string
}
