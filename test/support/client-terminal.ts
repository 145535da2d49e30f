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
import { Screen } from './screen.ts'
import type { TempProject } from './temp-project.ts'

const key = 'sk-dummy-for-a-scripted-model'
const [columns, rows] = [200, 50]

/** Whether `script(1)`, which makes the terminal, is there. */
export const hasTerminal = spawnSync('script', ['--version']).status === 0

/** The client as a person has it: at a terminal, drawing and redrawing its screen. */
export interface ClientTerminal {
  /** Everything that it has written, as it came. */
  written(): string
  /** What stands on the screen now. */
  screen(): string[]
  /** Types key by key, and then the return key. */
  enter(text: string): Promise<void>
  /** Resolves when a line of the screen fits. @throws with the whole screen where none does in time. */
  waitForLine(fits: RegExp, seconds?: number): Promise<string>
  /** Resolves once something of what was drawn from `from` on fits, its colours aside; with all that was drawn by then. */
  waitFor(fits: RegExp, from?: number): Promise<string>
  end(): Promise<void>
}

/**
 * Starts the client at a terminal, in a project that it trusts and has been used in before; it is ended with the test.
 *
 * @param words of its command line.
 */
export function startInTerminal(project: TempProject, model: FakeModel, words: readonly string[] = []): ClientTerminal {
  // It asks for no theme, no key and no trust.
  const known = { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true }
  const state = {
    hasCompletedOnboarding: true,
    theme: 'dark',
    customApiKeyResponses: { approved: [key.slice(-20)], rejected: [] },
    projects: { [project.folder]: known },
  }
  writeFileSync(join(project.home, '.claude.json'), JSON.stringify(state))
  const client = [process.env['CLAUDE_BIN'] ?? '', ...words, '--model', 'claude-sonnet-4-5', '--allowedTools', 'Bash']
  const command = `stty cols ${columns} rows ${rows} && exec ${client.map((word) => quoted(word)).join(' ')}`
  const terminal = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: project.folder,
    env: bareEnvironment(project.home, {
      TERM: 'xterm-256color',
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: key,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
    }),
  })
  const screen = new Screen(columns, rows)
  let written = ''
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text
    screen.write(text)
  })
  // It may be gone before it has read everything.
  terminal.stdin.on('error', () => {})
  const end = async () => {
    terminal.kill('SIGTERM')
    if (terminal.exitCode === null && terminal.signalCode === null) await once(terminal, 'close')
  }
  onTestFinished(end)
  return {
    written: () => written,
    screen: () => screen.lines(),
    async enter(text) {
      for (const sign of text) {
        terminal.stdin.write(sign)
        await sleep(30)
      }
      // the menu is drawn before the choice in it is taken
      await sleep(700)
      terminal.stdin.write('\r')
    },
    async waitForLine(fits, seconds = 30) {
      for (const until = performance.now() + seconds * 1000; ; await sleep(50)) {
        const found = screen.lines().find((line) => fits.test(line))
        if (found !== undefined) return found
        if (performance.now() > until) throw new Error(`no line fits ${fits}:\n${screen.lines().join('\n')}`)
      }
    },
    async waitFor(fits, from = 0) {
      for (const until = performance.now() + 60_000; ; await sleep(100)) {
        if (fits.test(plain(written.slice(from)))) return written
        if (performance.now() > until)
          throw new Error(`${fits} was not drawn within a minute:\n${plain(written.slice(from))}`)
      }
    },
    end,
  }
}

/** The client moves the cursor over blanks instead of writing them. */
const plain = (text: string): string =>
  stripVTControlCharacters(text.replace(/\u001b\[(\d*)C/g, (_whole, count: string) => ' '.repeat(Number(count || 1))))
