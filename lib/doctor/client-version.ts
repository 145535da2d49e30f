import { hookTable } from '../install/hook-table.ts'
import { broughtBy, firing } from './client-events.ts'
import { fine, note, problem, type Told } from './finding.ts'
import { shell } from './hook-environment.ts'
import type { Check, Look } from './look.ts'
import { versionIn } from './versions.ts'

/** Milliseconds. */
const patience = 5000

/** Asks the client on the search path for its version, and for nothing else. */
export const clientVersion: Check = {
  id: 'client',
  group: 'Node and client',
  async examine(look) {
    const found = await clientOnPath(look)
    return found === undefined
      ? [fine('client', 'claude is not on the search path: not looked at')]
      : judgeClient(found)
  },
}

async function clientOnPath({ system, machine, project }: Look): Promise<{ said: string } | undefined> {
  if (machine.platform === 'win32') return undefined
  const { PATH, HOME } = system.env
  const { stdout } = await machine.run(shell, ['-c', 'command -v claude && exec claude --version </dev/null'], {
    folder: project.paths.project,
    env: { PATH, HOME },
    timeoutMs: patience,
  })
  const [path = '', ...said] = stdout.split('\n')
  return path === '' ? undefined : { said: said.join('\n') }
}

/** @param said what `claude --version` printed. Pure. */
export function judgeClient({ said }: { readonly said: string }): Told[] {
  const version = versionIn(said)
  const events = [...new Set(hookTable.map(({ event }) => event))]
  if (version === undefined) {
    const title = 'claude is on the search path and does not tell its version: which events it fires is not known'
    return [note('client-events-unknown', title)]
  }
  const missing = events.filter((event) => firing(event, version) === 'does not fire')
  const unknown = events.filter((event) => firing(event, version) === 'not known')
  if (missing.length > 0) {
    const title = `Claude Code ${version} does not fire ${missing.join(', ')}`
    const detail = missing.map((event) => `${event} came with ${broughtBy(event)}`)
    return [problem('client-too-old', title, { detail, command: 'claude update' })]
  }
  if (unknown.length > 0) {
    const title = `Claude Code ${version}: whether it fires ${unknown.join(', ')} is not known`
    return [note('client-events-unknown', title, { command: 'claude update' })]
  }
  return [fine('client', `Claude Code ${version} fires every event that is used`)]
}
