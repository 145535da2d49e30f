import * as fs from 'node:fs'
import { factsOf, noFollow, openSource } from './open-source.ts'
import type { ByteSink, Compression, Streams } from './streams.ts'

/** The real thing: descriptors of the operating system. */
export function nodeStreams(): Streams {
  return { openSource, openSink, compression, openForWriting }
}

function openSink(path: string, keep: number): ByteSink {
  const descriptor = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT | noFollow, 0o600)
  let end = keep
  try {
    fs.ftruncateSync(descriptor, keep)
  } catch (error) {
    fs.closeSync(descriptor)
    throw error
  }
  return {
    facts: () => factsOf(descriptor),
    append(bytes) {
      let written = 0
      while (written < bytes.length) {
        written += fs.writeSync(descriptor, bytes, written, bytes.length - written, end + written)
      }
      end += written
    },
    sync: () => fs.fsyncSync(descriptor),
    close: () => fs.closeSync(descriptor),
  }
}

async function compression(): Promise<Compression> {
  const zlib = await import('node:zlib')
  return {
    // A thousand small files would each leave a large empty buffer to be collected.
    gzip: (bytes, level) => zlib.gzipSync(bytes, { level, chunkSize: Math.min(1024 + bytes.length, 64 * 1024) }),
    gunzip: (bytes, maximum) => zlib.gunzipSync(bytes, { maxOutputLength: maximum }),
  }
}

async function openForWriting(paths: readonly string[]): Promise<ReadonlySet<string> | undefined> {
  if (paths.length === 0) return new Set()
  return fromProcessList(paths) ?? (await fromLsof(paths))
}

/**
 * Linux shows each process's descriptors as links that name the file as it is called now, also after a rename. Names are
 * compared by their last part, because another container's root gives the same file another path.
 */
function fromProcessList(paths: readonly string[]): Set<string> | undefined {
  if (!fs.existsSync('/proc/self/fd')) return undefined
  const byName = new Map(paths.map((path) => [path.slice(path.lastIndexOf('/') + 1), path]))
  const held = new Set<string>()
  const pids = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    for (const descriptor of quietly(() => fs.readdirSync(`/proc/${pid}/fd`)) ?? []) {
      const target = quietly(() => fs.readlinkSync(`/proc/${pid}/fd/${descriptor}`))
      const path = target && byName.get(target.slice(target.lastIndexOf('/') + 1))
      if (path && mayWrite(pid, descriptor)) held.add(path)
    }
  }
  return held
}

/** The open flags' last two bits: 1 for writing, 2 for both. A reader such as `tail -f` holds nothing up. */
function mayWrite(pid: string, descriptor: string): boolean {
  const info = quietly(() => fs.readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'latin1'))
  const flags = info && /^flags:\s*([0-7]+)/m.exec(info)?.[1]
  return flags ? (Number.parseInt(flags, 8) & 3) !== 0 : info !== undefined
}

/** macOS has no `/proc`, but `lsof`, which exits with 1 and prints nothing when nobody has any of the files open. */
async function fromLsof(paths: readonly string[]): Promise<Set<string> | undefined> {
  if (process.platform === 'win32') return undefined
  const { spawnSync } = await import('node:child_process')
  const held = new Set<string>()
  // A thousand names at once would not fit a command line everywhere.
  for (let from = 0; from < paths.length; from += 200) {
    const some = paths.slice(from, from + 200)
    const result = spawnSync('lsof', ['-F', 'an', '--', ...some], { encoding: 'utf8', timeout: 2000 })
    if (result.error || result.status === null || (result.status !== 0 && result.stderr.trim() !== '')) return undefined
    let access = ''
    for (const line of result.stdout.split('\n')) {
      if (line.startsWith('a')) access = line.slice(1)
      if (!line.startsWith('n') || access === 'r') continue
      const name = line.slice(line.lastIndexOf('/') + 1)
      for (const path of some) if (path.endsWith(`/${name}`)) held.add(path)
    }
  }
  return held
}

/** A process that ended meanwhile, or that is not ours to look at, is no error. */
function quietly<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
