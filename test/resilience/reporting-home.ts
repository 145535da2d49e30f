import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { runCommand } from '../support/built-hook.ts'
import { startHttpServer } from '../support/http-server.ts'
import { postToolUse } from '../support/payloads.ts'
import { createTempProject, type TempProject } from '../support/temp-project.ts'

/** A project, the home of its user, and a server that hears of what is done there. */
export async function reportingHome() {
  const project = createTempProject()
  const server = await startHttpServer()
  onTestFinished(async () => {
    await server.stop()
    project.remove()
  })
  const spool = join(project.home, '.claude', 'hooks', '.cache', 'patterns')
  return {
    project,
    server,
    spool,
    /** The environment of somebody who tracks there. */
    tracking: { INTELLIGENCE_SERVICE_URL: server.url },
    /** Nothing was written below the home folder. */
    isUntouched: () => !existsSync(join(project.home, '.claude')),
    /** Writes the user's own config. */
    configure(config: object) {
      mkdirSync(join(project.home, '.claude'), { recursive: true })
      writeFileSync(join(project.home, '.claude', 'breakerbox.json'), JSON.stringify(config))
    },
    /** `breakerbox sync` with its report. */
    async sync(
      words: readonly string[] = [],
      environment: Record<string, string> = { INTELLIGENCE_SERVICE_URL: server.url },
    ) {
      const finished = await runCommand('breakerbox', ['sync', '--json', ...words], {
        project,
        environment,
        timeoutSeconds: 150,
      })
      return { ...finished, report: finished.stdout === '' ? undefined : JSON.parse(finished.stdout) }
    },
  }
}

/** A Write that succeeded, as the client tells of it. */
export const written = (project: TempProject, name: string, content: string, id: string, type = 'create') =>
  postToolUse(
    { project },
    { tool: 'Write', input: { file_path: project.path(name), content }, id },
    { type, filePath: name, content },
  )

/** An Edit that succeeded. */
export const edited = (project: TempProject, name: string, before: string, after: string, id: string) =>
  postToolUse(
    { project },
    {
      tool: 'Edit',
      input: { file_path: project.path(name), old_string: before, new_string: after, replace_all: false },
      id,
    },
    { filePath: name, oldString: before, newString: after },
  )

/** Waits for something that a process in the background brings about. */
export async function eventually(isSo: () => boolean, seconds = 15): Promise<void> {
  const until = Date.now() + seconds * 1000
  while (!isSo()) {
    if (Date.now() > until) throw new Error(`it has not come about in ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
