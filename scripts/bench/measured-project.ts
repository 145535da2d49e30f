import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bareEnvironment } from '../../test/support/bare-environment.ts'
import { type HookName, registeredCommands, runCommand } from '../../test/support/built-hook.ts'
import { createTempProject, type TempProject } from '../../test/support/temp-project.ts'

/** A project of its own with Breakerbox installed, whose hooks are started and timed. */
export interface MeasuredProject extends TempProject {
  /** The installed copy of a hook. */
  hook(name: HookName | 'status-line'): string
  /** The one command that the settings register for an event of this tool. */
  registered(event: string, tool?: string): string
  /** The command that the settings register for the status line. */
  statusLine(): string
  /** Writes a script that hooks are measured against, and gives back its path. */
  script(name: string, text: string): string
  /** Starts a fresh Node with that file; milliseconds from start to end. */
  timeNode(file: string, input: object | string, environment?: Readonly<Record<string, string>>): number
  /** The same for what prints something: what it prints has to fit, and the words are those behind the file. */
  timeSaying(expected: RegExp, file: string, input: object | string, words?: readonly string[]): number
  /** Runs a command line in a fresh shell, the way the client does; milliseconds from start to end. */
  timeShell(command: string, input: object | string, environment?: Readonly<Record<string, string>>): number
}

export async function installedProject(): Promise<MeasuredProject> {
  const project = createTempProject()
  await install(project)
  await succeed(project, 'statusline', 'install')
  const time = (
    file: string,
    words: readonly string[],
    input: object | string,
    environment: Readonly<Record<string, string>> = {},
    expected = /^$/,
  ): number => {
    const text = typeof input === 'string' ? input : JSON.stringify(input)
    const startedAt = performance.now()
    const { status, stdout, stderr } = spawnSync(file, words, {
      input: text,
      cwd: project.folder,
      env: bareEnvironment(project.home, { CLAUDE_PROJECT_DIR: project.folder, ...environment }),
      encoding: 'utf8',
    })
    const milliseconds = performance.now() - startedAt
    // a hook that fails open is fast: what is measured has to have worked
    if (status !== 0 || !expected.test(stdout) || stderr !== '') {
      throw new Error(`${words.join(' ')} ended with ${status}: ${stdout}${stderr}`)
    }
    return milliseconds
  }
  return {
    ...project,
    hook: (name) => project.path('.claude', 'hooks', `${name}.cjs`),
    registered(event, tool) {
      const [command, ...others] = registeredCommands(project, event, tool)
      if (command === undefined || others.length > 0) throw new Error(`${event} has not one command`)
      return command
    },
    statusLine() {
      const settings = project.readJson<{ statusLine: { command: string } }>('.claude/settings.json')
      if (settings === undefined) throw new Error('there are no settings')
      return settings.statusLine.command
    },
    script(name, text) {
      const path = join(project.home, name)
      writeFileSync(path, text)
      return path
    },
    timeNode: (file, input, environment) => time(process.execPath, [file], input, environment),
    timeSaying: (expected, file, input, words = []) => time(process.execPath, [file, ...words], input, {}, expected),
    timeShell: (command, input, environment) => time('sh', ['-c', command], input, environment),
  }
}

export const install = (project: TempProject): Promise<void> => succeed(project, 'install')

async function succeed(project: TempProject, ...words: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runCommand('breakerbox', words, { project })
  if (exitCode !== 0) throw new Error(stderr)
}
