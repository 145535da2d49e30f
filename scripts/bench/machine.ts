import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { arch, cpus, release, type } from 'node:os'
import { version } from '../../lib/cli/version.ts'

/** Where and when something was measured, one line: without it figures say little. */
export function machineText(at: Date): string {
  const [{ model } = { model: 'unknown processor' }, ...others] = cpus()
  const processor = `${model.trim()}, ${others.length + 1} cores`
  const versions = [`Node ${process.versions.node}`, ...clientVersions(), `Breakerbox ${version}`]
  return [processor, `${systemName()} (${arch()})`, ...versions, at.toISOString().slice(0, 10)].join('; ')
}

function systemName(): string {
  const file = '/etc/os-release'
  const name = existsSync(file) ? /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined
  return `${name === undefined ? '' : `${name}, `}${type()} ${release()}`
}

/** The client that the `client` part has found, if it has run. */
function clientVersions(): string[] {
  const client = process.env['CLAUDE_BIN']
  if (client === undefined) return []
  const { stdout, status } = spawnSync(client, ['--version'], { encoding: 'utf8' })
  return status === 0 ? [stdout.trim().replace(/^(\S+) \((.*)\)$/, '$2 $1')] : []
}
