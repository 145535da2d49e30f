import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { onTestFinished } from 'vitest'
import { quoted } from '../../lib/guard/guard-command.ts'
import { bareEnvironment } from './bare-environment.ts'
import type { FakeModel } from './fake-model.ts'
import type { TempProject } from './temp-project.ts'

/** Whether `script(1)`, which gives the client a terminal, is there. */
export const hasTerminal = spawnSync('script', ['--version']).status === 0

/** The client as a person has it: at a terminal, drawing and redrawing its screen. */
export interface TerminalClient {
  /** What was drawn so far, as it came. */
  raw(): string
  /** Types key by key, and then the return key. */
  enter(text: string): Promise<void>
  /** Resolves once something of what was drawn from `from` on fits, its colours aside; with all that was drawn by then. */
  waitFor(fits: RegExp, from?: number): Promise<string>
}

/**
 * Starts the client at a terminal, in a project that it trusts; it is ended with the test.
 *
 * @param words of its command line.
 */
export function startInTerminal(project: TempProject, model: FakeModel, words: readonly string[] = []): TerminalClient {
  // A client that has been used before: it asks for no theme and no trust.
  const key = 'sk-dummy-for-a-scripted-model'
  const known = { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true }
  const state = {
    hasCompletedOnboarding: true,
    theme: 'dark',
    customApiKeyResponses: { approved: [key.slice(-20)], rejected: [] },
    projects: { [project.folder]: known },
  }
  writeFileSync(join(project.home, '.claude.json'), JSON.stringify(state))
  const client = [process.env['CLAUDE_BIN'] ?? '', ...words, '--model', 'claude-sonnet-4-5', '--allowedTools', 'Bash']
  const line = `stty cols 200 rows 50 && exec ${client.map((word) => quoted(word)).join(' ')}`
  const terminal = spawn('script', ['-qec', line, '/dev/null'], {
    cwd: project.folder,
    env: bareEnvironment(project.home, {
      TERM: 'xterm-256color',
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: key,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
    }),
  })
  let drawn = ''
  terminal.stdout.on('data', (piece: Buffer) => {
    drawn += piece.toString('utf8')
  })
  // It may be gone before it has read everything.
  terminal.stdin.on('error', () => {})
  onTestFinished(async () => {
    terminal.kill('SIGTERM')
    if (terminal.exitCode === null && terminal.signalCode === null) await once(terminal, 'close')
  })
  return {
    raw: () => drawn,
    async enter(text) {
      for (const sign of text) {
        terminal.stdin.write(sign)
        await sleep(30)
      }
      // the menu is drawn before the choice in it is taken
      await sleep(700)
      terminal.stdin.write('\r')
    },
    async waitFor(fits, from = 0) {
      for (const end = performance.now() + 60_000; ; await sleep(100)) {
        if (fits.test(plain(drawn.slice(from)))) return drawn
        if (performance.now() > end)
          throw new Error(`${fits} was not drawn within a minute:\n${plain(drawn.slice(from))}`)
      }
    },
  }
}

/** The client moves the cursor over blanks instead of writing them. */
const plain = (text: string): string =>
  stripVTControlCharacters(text.replace(/\u001b\[(\d*)C/g, (_whole, count: string) => ' '.repeat(Number(count || 1))))
