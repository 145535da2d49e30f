import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { errorCode, KnownError } from './known-error.ts'
import type { FileFacts, Files } from './system.ts'

const ownerFile = 0o600
const ownerFolder = 0o700

// Windows knows neither flag; its links need privileges to make and its pipes are not files.
const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } = fs.constants
const noFollow = fs.constants.O_NOFOLLOW ?? 0
const nonBlocking = fs.constants.O_NONBLOCK ?? 0

/** The `Files` of this machine, over `node:fs`. */
export const nodeFiles: Files = {
  readText(path) {
    return withRegularFile(path, (file) => fs.readFileSync(file, 'utf8'))
  },

  readHead(path, bytes) {
    return withRegularFile(path, (file) => readPiece(file, 0, bytes))
  },

  readTail(path, bytes) {
    return withRegularFile(path, (file) => {
      const { size } = fs.fstatSync(file)
      return readPiece(file, Math.max(0, size - bytes), Math.min(bytes, size))
    })
  },

  create(path, content, options) {
    const file = fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL | noFollow, ownerFile)
    try {
      try {
        ownerOnly(file)
        writeAll(file, content)
        if (options?.durable) flush(file)
      } finally {
        fs.closeSync(file)
      }
    } catch (error) {
      // Half a file under its final name is worse than none: nobody could tell it from a whole one.
      quietly(() => fs.unlinkSync(path))
      throw error
    }
  },

  append(path, content, options) {
    // Without O_NONBLOCK, opening a FIFO that nobody reads would wait for ever.
    const file = fs.openSync(path, O_WRONLY | O_APPEND | O_CREAT | noFollow | nonBlocking, ownerFile)
    try {
      const stats = fs.fstatSync(file)
      if (!stats.isFile()) throw notRegular('write', path)
      if (stats.size === 0) ownerOnly(file)
      writeAll(file, content)
      if (options?.durable) flush(file)
    } finally {
      fs.closeSync(file)
    }
  },

  rename: (from, to) => fs.renameSync(from, to),
  link: (from, to) => fs.linkSync(from, to),
  remove: (path) => fs.unlinkSync(path),

  makeFolder(path) {
    fs.mkdirSync(path, { mode: ownerFolder })
    openToOwner(path)
  },

  makeFolders(path) {
    // One by one, so that a umask which takes the owner's own rights cannot stop the descent half way.
    const missing: string[] = []
    for (let folder = path; !fs.existsSync(folder); folder = dirname(folder)) {
      missing.push(folder)
      if (dirname(folder) === folder) break
    }
    for (const folder of missing.reverse()) {
      try {
        nodeFiles.makeFolder(folder)
      } catch (error) {
        if (errorCode(error) !== 'EEXIST') throw error
      }
    }
    // Something else than a folder in its place must be told, as mkdir would.
    if (!fs.statSync(path).isDirectory()) fs.mkdirSync(path)
  },

  removeFolder: (path) => fs.rmdirSync(path),
  list: (path) => fs.readdirSync(path).sort(),

  facts(path): FileFacts | undefined {
    try {
      // Inode numbers of some file systems are larger than a double can tell apart.
      const stats = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })
      if (stats === undefined) return undefined
      return {
        kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'other',
        size: Number(stats.size),
        modifiedAt: Number(stats.mtimeMs),
        mode: Number(stats.mode) & 0o777,
        identity: `${stats.dev}:${stats.ino}`,
        changed: `${stats.ctimeNs}`,
      }
    } catch (error) {
      if (errorCode(error) === 'ENOTDIR') return undefined
      throw error
    }
  },

  realPath: (path) => fs.realpathSync.native(path),

  touch(path, at) {
    // The lutimes call changes a link itself, never what it points to.
    fs.lutimesSync(path, at / 1000, at / 1000)
  },

  setMode: (path, mode) => fs.chmodSync(path, mode),
}

/**
 * Opens without waiting for the other end of a FIFO, and hands out regular files only: a device can be read for ever.
 */
function withRegularFile<T>(path: string, read: (file: number) => T): T {
  const file = fs.openSync(path, O_RDONLY | nonBlocking)
  try {
    const stats = fs.fstatSync(file)
    // A folder is left to the read itself, which fails with the system's EISDIR.
    if (!stats.isFile() && !stats.isDirectory()) throw notRegular('read', path)
    return read(file)
  } finally {
    fs.closeSync(file)
  }
}

const notRegular = (action: 'read' | 'write', path: string): KnownError =>
  new KnownError(action, path, 'it is not a regular file', 'ENOTFILE')

/** `length` bytes from `position` on; fewer only where the file ends. A read may bring less than it was asked for. */
function readPiece(file: number, position: number, length: number): Buffer {
  const piece = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const count = fs.readSync(file, piece, filled, length - filled, position + filled)
    if (count === 0) break
    filled += count
  }
  return piece.subarray(0, filled)
}

/** A write may take less than it was given, for example on a disk that is almost full; the next one then says why. */
function writeAll(file: number, content: string | Uint8Array): void {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content
  let written = 0
  while (written < bytes.length) written += fs.writeSync(file, bytes, written, bytes.length - written)
}

/** File systems that cannot flush say so with these codes; what they hold is as safe as it gets. */
function flush(file: number): void {
  try {
    fs.fsyncSync(file)
  } catch (error) {
    if (!['EINVAL', 'ENOSYS', 'ENOTSUP'].includes(errorCode(error) ?? '')) throw error
  }
}

/** The mode given to open passes through the umask, which may take rights away from the owner too. */
function ownerOnly(file: number): void {
  if (process.platform === 'win32') return
  if ((fs.fstatSync(file).mode & 0o777) !== ownerFile) fs.fchmodSync(file, ownerFile)
}

function openToOwner(path: string): void {
  if (process.platform === 'win32') return
  const stats = fs.lstatSync(path)
  if (stats.isDirectory() && (stats.mode & 0o777) !== ownerFolder) fs.chmodSync(path, ownerFolder)
}

function quietly(step: () => void): void {
  try {
    step()
  } catch {
    // The error that led here is the one worth telling.
  }
}
