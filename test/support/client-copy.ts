import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** The one client version that the real-client tests run against. */
export const clientVersion = '2.1.330'

const clientPackage = '@anthropic-ai/claude-code'

/** The client, or why there is none. */
export type ClientCopy =
  | { readonly kind: 'ready'; readonly executable: string; readonly origin: string }
  | { readonly kind: 'missing'; readonly reason: string }

/**
 * Finds the client, and fetches it from the npm registry where it is missing. It unpacks to about 380 MB, therefore it is
 * no dependency of the project and lives in the ignored folder `.cache/client-<version>`.
 *
 * @param root the project's own folder.
 * @param env `CLAUDE_BIN` names a client that is already there; `BREAKERBOX_SKIP_CLIENT=1` does without.
 */
export function ensureClient(root: string, env: Readonly<Record<string, string | undefined>>): ClientCopy {
  if (env['BREAKERBOX_SKIP_CLIENT'] === '1') return { kind: 'missing', reason: 'BREAKERBOX_SKIP_CLIENT=1' }
  const named = env['CLAUDE_BIN']
  if (named !== undefined) {
    return existsSync(named)
      ? { kind: 'ready', executable: named, origin: 'CLAUDE_BIN' }
      : { kind: 'missing', reason: `CLAUDE_BIN names ${named}, where there is no file` }
  }
  const cache = join(root, '.cache')
  const folder = join(cache, `client-${clientVersion}`)
  const cached = executableIn(folder)
  if (cached !== undefined) return { kind: 'ready', executable: cached, origin: 'cache' }

  // Fetched beside its place and renamed, so that neither an interrupted fetch nor a second run leaves half a client.
  const partial = `${folder}.partial-${process.pid}`
  try {
    rmSync(partial, { recursive: true, force: true })
    mkdirSync(partial, { recursive: true })
    const fetched = spawnSync(
      'npm',
      // Without scripts: the package's own would only copy the executable to a second place.
      [
        'install',
        '--prefix',
        partial,
        '--ignore-scripts',
        '--no-audit',
        // One more try, soon: a registry that is out of reach must not hold up the suite for minutes.
        '--fetch-retries=1',
        '--fetch-retry-mintimeout=1000',
        '--no-fund',
        `${clientPackage}@${clientVersion}`,
      ],
      { cwd: partial, encoding: 'utf8', timeout: 10 * 60_000, shell: process.platform === 'win32' },
    )
    if (fetched.status !== 0) {
      return {
        kind: 'missing',
        reason: `npm could not fetch ${clientPackage}@${clientVersion}: ${fetched.error?.message ?? causeIn(fetched.stderr)}`,
      }
    }
    try {
      renameSync(partial, folder)
    } catch (error) {
      // Another run was faster: its copy is as good as ours.
      if (executableIn(folder) === undefined) throw error
    }
    const executable = executableIn(folder)
    return executable === undefined
      ? {
          kind: 'missing',
          reason: `${clientPackage}@${clientVersion} has no executable for ${process.platform}-${process.arch}`,
        }
      : { kind: 'ready', executable, origin: 'fetched from the npm registry' }
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
}

/** npm's own lines about a failure, without its hints and log names. */
const causeIn = (stderr: string): string =>
  stderr
    .split('\n')
    .filter((line) => /^npm (error|ERR!) (code|errno|network request|404)/.test(line))
    .map((line) => line.replace(/^npm \S+ /, ''))
    .join(', ') || stderr.trim().slice(-300)

/** The native executable: the wrapper package lists one package per platform, and npm installs the one that fits. */
function executableIn(folder: string): string | undefined {
  const modules = join(folder, 'node_modules')
  const manifest = join(modules, clientPackage, 'package.json')
  if (!existsSync(manifest)) return undefined
  const { optionalDependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    optionalDependencies?: Record<string, string>
  }
  return Object.keys(optionalDependencies)
    .flatMap((name) => [join(modules, name, 'claude'), join(modules, name, 'claude.exe')])
    .find((file) => existsSync(file))
}
