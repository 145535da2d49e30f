import { dirname } from 'node:path'
import { quoted } from '../guard/guard-command.ts'
import { fine, problem, type Told } from './finding.ts'
import { hookEnvironment, shell } from './hook-environment.ts'
import type { Check, Look } from './look.ts'
import { compareVersions, versionIn } from './versions.ts'

/** What is known of the Nodes on this machine. */
export interface NodeFacts {
  /** The lowest that will do. */
  readonly lowest: string
  readonly own: { readonly version: string; readonly path: string }
  /** What a hook's shell finds on its search path; a version that is no version has none. Absent: nothing. */
  readonly found?: { readonly version: string | undefined; readonly path: string }
}

/** Milliseconds. */
const patience = 10_000

export const nodeVersion: Check = {
  id: 'node',
  group: 'Node and client',
  examine: async (look) => judgeNode(await nodeFacts(look)),
}

async function nodeFacts({ system, machine, lowestNode, ...look }: Look): Promise<NodeFacts> {
  const facts = { lowest: lowestNode, own: { version: machine.nodeVersion, path: machine.nodePath } }
  // Without that shell every hook is a plain Node command, and this very process shows what Node is there.
  if (machine.platform === 'win32') return { ...facts, found: facts.own }
  const ran = await machine.run(shell, ['-c', 'command -v node && exec node --version'], {
    folder: look.project.paths.project,
    env: hookEnvironment({ system }),
    timeoutMs: patience,
  })
  const [path = '', version = ''] = ran.stdout.split('\n')
  return path === '' ? facts : { ...facts, found: { path, version: versionIn(version.replace(/^v/, '')) } }
}

/** Pure. */
export function judgeNode({ lowest, own, found }: NodeFacts): Told[] {
  const isTooOld = (version: string): boolean => compareVersions(version, lowest) < 0
  const isOwnGood = !isTooOld(own.version)
  const useOwn = isOwnGood ? { command: `export PATH=${quoted(dirname(own.path))}:"$PATH"` } : {}
  const where =
    'What counts is the search path of the shell from which Claude Code is started; this one is of the current shell.'
  if (found === undefined) {
    const title = 'the shell that runs hooks finds no node: every hook ends with 127, and nothing is guarded'
    return [problem('node-not-found', title, { detail: [where], ...useOwn })]
  }
  if (found.version === undefined) {
    const title = `${found.path}, which hooks would run, does not tell its version`
    return [problem('node-not-found', title, { detail: [where], ...useOwn })]
  }
  if (isTooOld(found.version)) {
    const title = `hooks would run Node ${found.version} (${found.path}); ${lowest} or newer is needed`
    return [problem('node-too-old', title, { detail: [where], ...useOwn })]
  }
  const both = found.version === own.version ? '' : `; this command runs on ${own.version}`
  return [fine('node', `Node ${found.version} (${found.path})${both}`)]
}
