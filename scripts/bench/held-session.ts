import { runClient } from '../../test/support/client.ts'
import { type Block, bash, type Step, say, startFakeModel } from '../../test/support/fake-model.ts'
import type { TempProject } from '../../test/support/temp-project.ts'

/** A session of the real client that goes on only when it is told to, so that several can take turns. */
export interface HeldSession {
  /** The model answers with the next call. Milliseconds until it is asked again, the call's hooks and all. */
  call(): Promise<number>
  /** The model says that it is done, and the client ends. */
  end(): Promise<void>
}

/** Starts a session of so many Bash calls, each another command as healthy work has, and lets it come as far as its first request. */
export async function holdSession(
  project: TempProject,
  calls: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<HeldSession> {
  let asked = () => {}
  let answer = () => {}
  const untilAsked = () =>
    new Promise<void>((resolve) => {
      asked = resolve
    })
  const held =
    (block: Block): Step =>
    () =>
      new Promise((resolve) => {
        answer = () => resolve([block])
        asked()
      })
  const script = Array.from({ length: calls }, (_, i) => bash(`true ${i}`))
  const model = await startFakeModel([...script, say('done')].map(held))
  const first = untilAsked()
  const allowed = { allowedTools: ['Bash'], timeoutSeconds: 600 }
  const finished = runClient({ project, model, prompt: 'go', environment, ...allowed }).finally(() => model.close())
  const tooEarly = finished.then(({ result }) => {
    throw new Error(`the run ended early: ${JSON.stringify(result).slice(0, 400)}`)
  })
  // once the session is told to end, that is no error any more
  tooEarly.catch(() => {})
  await Promise.race([first, tooEarly])
  return {
    async call() {
      const again = untilAsked()
      const startedAt = performance.now()
      answer()
      await Promise.race([again, tooEarly])
      return performance.now() - startedAt
    },
    async end() {
      answer()
      const { result } = await finished
      if (result.result !== 'done') throw new Error(`the run ended otherwise: ${JSON.stringify(result).slice(0, 400)}`)
    },
  }
}
