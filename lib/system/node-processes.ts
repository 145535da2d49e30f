import { readdirSync, readFileSync } from 'node:fs'
import type { Processes, ProcessFacts } from './system.ts'

/** More parents than any real chain has; a table that contradicts itself cannot keep us longer. */
const deepest = 64
/** Milliseconds for the one `ps` on systems without /proc. */
const patience = 2000

interface Row {
  readonly parent: number
  readonly facts: ProcessFacts
}

/** The processes of this machine: through /proc on Linux, one `ps` on other POSIX systems; Windows does not tell. */
export const nodeProcesses: Processes = {
  // Read when asked for: so the bundler can tell that leaving the whole list out changes nothing.
  get pid() {
    return process.pid
  },
  ancestors(): readonly ProcessFacts[] {
    try {
      if (process.platform === 'win32') return []
      if (process.platform === 'linux') return climb(process.ppid, rowFromProc)
      const table = parseProcessTable(processTable())
      return climb(process.ppid, (pid) => table.get(pid))
    } catch {
      // Who started us is a hint for other rooms, never a reason to fail.
      return []
    }
  },
}

function climb(from: number, row: (pid: number) => Row | undefined): ProcessFacts[] {
  const chain: ProcessFacts[] = []
  const seen = new Set<number>()
  let pid = from
  while (pid > 0 && !seen.has(pid) && chain.length < deepest) {
    seen.add(pid)
    const found = row(pid)
    if (found === undefined) break
    chain.push(found.facts)
    pid = found.parent
  }
  return chain
}

function rowFromProc(pid: number): Row | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0+$/, '')
    return parseProc(pid, stat, words === '' ? [] : words.split('\0'))
  } catch {
    return undefined
  }
}

/** One entry of /proc. */
export function parseProc(pid: number, stat: string, words: readonly string[]): Row | undefined {
  const fields = parseStat(stat)
  return fields && { parent: fields.parent, facts: { pid, name: nameOf(words, fields.shortName), words } }
}

/**
 * @param stat the text of `/proc/<pid>/stat`. The name in brackets may itself hold brackets and spaces: its end is the
 * last `)`, and behind it stand the state, the parent and the process group.
 */
function parseStat(stat: string): { shortName: string; state: string; parent: number; group: number } | undefined {
  const end = stat.lastIndexOf(')')
  const [state = '', parent, group] = stat.slice(end + 2).split(' ')
  if (end < 0 || !Number.isInteger(Number(parent))) return undefined
  return { shortName: stat.slice(stat.indexOf('(') + 1, end), state, parent: Number(parent), group: Number(group) }
}

/**
 * Whether a process of this group runs; undefined where there is no /proc that tells. One that has ended stays in its group
 * until its parent asks after it, for which the first process of some machines takes a second: it runs no more.
 */
export function runsInGroup(group: number): boolean | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    return readdirSync('/proc').some((name) => /^\d+$/.test(name) && isOfGroup(name, group))
  } catch {
    return undefined
  }
}

function isOfGroup(pid: string, group: number): boolean {
  try {
    const fields = parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))
    return fields?.group === group && !/[ZX]/.test(fields.state)
  } catch {
    // It has gone since the folder was read.
    return false
  }
}

/** The output of `ps -axww -o pid=,ppid=,args=`; words are cut at blanks, the table does not say more. */
export function parseProcessTable(text: string): ReadonlyMap<number, Row> {
  const rows = new Map<number, Row>()
  for (const line of text.split('\n')) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S.*)$/.exec(line)
    if (match === null) continue
    const pid = Number(match[1])
    const words = (match[3] ?? '').trim().split(/\s+/)
    rows.set(pid, { parent: Number(match[2]), facts: { pid, name: nameOf(words, ''), words } })
  }
  return rows
}

/**
 * The first word of the command line rather than the kernel's short name: that one is cut at 15 bytes and is
 * `MainThread` for newer versions of Node. A login shell puts a hyphen in front.
 */
function nameOf(words: readonly string[], shortName: string): string {
  const base = (words[0] ?? '').split(/[\\/]/).at(-1) ?? ''
  return base.replace(/^-/, '') || shortName
}

function processTable(): string {
  // Loaded here only: it costs milliseconds, and most processes of this project never ask. Before Node 20.16 it cannot be.
  const childProcess = process.getBuiltinModule?.('node:child_process')
  if (childProcess === undefined) return ''
  const run = childProcess.spawnSync('ps', ['-axww', '-o', 'pid=,ppid=,args='], {
    encoding: 'utf8',
    timeout: patience,
    maxBuffer: 8 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return run.stdout ?? ''
}
