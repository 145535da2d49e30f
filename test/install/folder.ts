import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { initialFiles } from '../../lib/config/initial-files.ts'
import { fleetFiles } from '../../lib/install/fleet-need.ts'
import { type GuardRequest, prepareGuard, prepareRelease } from '../../lib/install/guard-hooks.ts'
import { guardFiles } from '../../lib/install/guard-wrap.ts'
import { hookFiles, type Scope } from '../../lib/install/hook-table.ts'
import type { InstallRequest } from '../../lib/install/install.ts'
import { prepareInstall } from '../../lib/install/install.ts'
import { reportingFiles } from '../../lib/install/reporting-need.ts'
import { prepareStatusLine, prepareStatusLineRelease, type StatusLineRequest } from '../../lib/install/status-line.ts'
import { statusLineFiles } from '../../lib/install/status-line-wrap.ts'
import { perform, type Step } from '../../lib/install/steps.ts'
import { prepareUninstall } from '../../lib/install/uninstall.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { Files, System } from '../../lib/system/system.ts'

/** A name that breaks every careless quoting. */
export const oddName = `a b'c"d$e ü`

export interface Bench {
  readonly base: string
  readonly project: string
  readonly home: string
  readonly bundles: string
  readonly system: System
}

/** A temporary folder with a project, a home and dummy bundles that print their own name and event. */
export function newBench(env: Record<string, string> = {}): Bench {
  const base = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'breakerbox-')))
  onTestFinished(() => fs.rmSync(base, { recursive: true, force: true }))
  const [project, home, bundles] = [join(base, oddName), join(base, `home ${oddName}`), join(base, 'bundles')]
  for (const folder of [project, home, bundles]) fs.mkdirSync(folder)
  for (const name of hookFiles()) fs.writeFileSync(join(bundles, name), `console.log(${JSON.stringify(name)})\n`)
  // These are known by their mark alone.
  for (const name of [...guardFiles, ...statusLineFiles, ...fleetFiles, ...reportingFiles])
    put(join(bundles, name), `#!\n${name.endsWith('.sh') ? '#' : '//'} breakerbox 0.1.0 ${name}\n`)
  const real = nodeSystem()
  const system: System = {
    clock: real.clock,
    files: real.files,
    processes: real.processes,
    host: real.host,
    sleep: real.sleep,
    loadPart() {
      throw new Error('there is no such part')
    },
    token: real.token,
    env,
    homeFolder: home,
    workingFolder: project,
  }
  return { base, project, home, bundles, system }
}

export function request(bench: Bench, more: Partial<InstallRequest> = {}): InstallRequest {
  return {
    scope: 'project',
    project: bench.project,
    bundles: bench.bundles,
    deny: true,
    shell: true,
    initialFiles,
    ...more,
  }
}

export function install(bench: Bench, more: Partial<InstallRequest> = {}): Step[] {
  return perform(bench.system, prepareInstall(bench.system, request(bench, more)).steps)
}

export function uninstall(bench: Bench, { scope = 'project' as Scope, purge = false } = {}): Step[] {
  return perform(bench.system, prepareUninstall(bench.system, { scope, project: bench.project, purge }).steps)
}

const guardRequest = (bench: Bench, more: Partial<GuardRequest>): GuardRequest => ({
  scope: 'project',
  project: bench.project,
  bundles: bench.bundles,
  shell: true,
  isMeant: () => true,
  ...more,
})

export function guard(bench: Bench, more: Partial<GuardRequest> = {}): Step[] {
  return perform(bench.system, prepareGuard(bench.system, guardRequest(bench, more)).steps)
}

export function release(bench: Bench, more: Partial<GuardRequest> = {}): Step[] {
  return perform(bench.system, prepareRelease(bench.system, guardRequest(bench, more)).steps)
}

const statusLineRequest = (bench: Bench, more: Partial<StatusLineRequest>): StatusLineRequest => ({
  scope: 'project',
  project: bench.project,
  bundles: bench.bundles,
  shell: true,
  ...more,
})

export function showStatus(bench: Bench, more: Partial<StatusLineRequest> = {}): Step[] {
  return perform(bench.system, prepareStatusLine(bench.system, statusLineRequest(bench, more)).steps)
}

export function hideStatus(bench: Bench, more: Partial<StatusLineRequest> = {}): Step[] {
  return perform(bench.system, prepareStatusLineRelease(bench.system, statusLineRequest(bench, more)).steps)
}

/** Every path below a folder with its kind, mode and content. */
export function tree(folder: string): Record<string, string> {
  const entries: Record<string, string> = {}
  const walk = (path: string, name: string) => {
    const stats = fs.lstatSync(path)
    const mode = (stats.mode & 0o777).toString(8)
    if (stats.isSymbolicLink()) entries[name] = `link to ${fs.readlinkSync(path)}`
    else if (stats.isFile()) entries[name] = `${mode} ${digest(fs.readFileSync(path))}`
    else {
      entries[name] = `${mode} folder`
      for (const child of fs.readdirSync(path).sort()) walk(join(path, child), `${name}/${child}`)
    }
  }
  walk(folder, '.')
  return entries
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex').slice(0, 12)

/** Writes a file and the folders above it. */
export function put(path: string, content: string | Uint8Array, mode = 0o644): void {
  fs.mkdirSync(join(path, '..'), { recursive: true })
  fs.writeFileSync(path, content)
  fs.chmodSync(path, mode)
}

export const read = (path: string) => fs.readFileSync(path, 'utf8')
export const exists = (path: string) => fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined

const changing = [
  'create',
  'append',
  'rename',
  'link',
  'remove',
  'makeFolder',
  'makeFolders',
  'removeFolder',
  'touch',
  'setMode',
] as const

/** The plug is pulled: this operation and all later ones do nothing but throw. */
export class Unplugged extends Error {}

/** Files whose changing operations work `count` times and then never again. */
export function unpluggedAfter(files: Files, count: number): Files {
  let left = count
  const wrapped = Object.fromEntries(
    changing.map((name) => [
      name,
      (...words: never[]) => {
        if (left-- <= 0) throw new Unplugged(name)
        return (files[name] as (...words: never[]) => unknown)(...words)
      },
    ]),
  )
  return { ...files, ...wrapped }
}
