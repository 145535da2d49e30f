import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../support/built-hook.ts'
import { clientVersion, ensureClient } from '../support/client-copy.ts'

/**
 * Runs once before all files: builds what is to be tested, and finds or fetches the client.
 *
 * Without a client the tests that need it are skipped, and the reason is printed; where nobody would read it, on CI,
 * that is a failure, unless `BREAKERBOX_SKIP_CLIENT=1` says that it is meant.
 */
export default function setup(): void {
  execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs')], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const client = ensureClient(root, process.env)
  if (client.kind === 'ready') {
    process.env['CLAUDE_BIN'] = client.executable
    console.log(`real client ${clientVersion}: ${client.executable} (${client.origin})`)
    return
  }
  const wanted = process.env['BREAKERBOX_SKIP_CLIENT'] === '1'
  const message = `the tests with the real client ${clientVersion} cannot run: ${client.reason}`
  if (!wanted && process.env['CI'] !== undefined && process.env['CI'] !== '' && process.env['CI'] !== 'false') {
    throw new Error(`${message}. Set BREAKERBOX_SKIP_CLIENT=1 to go without them.`)
  }
  delete process.env['CLAUDE_BIN']
  console.warn(`SKIPPED: ${message}`)
}
