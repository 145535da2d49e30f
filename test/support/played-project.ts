import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fireEvent, runCommand } from './built-hook.ts'
import * as payloads from './payloads.ts'
import type { TempProject } from './temp-project.ts'
import { moveTimes } from './time-travel.ts'

/** What a call comes to where it runs. */
export type Outcome = { readonly fails: string } | { readonly says: string }

/**
 * Sessions in a project, played turn by turn through the hooks that were really installed there. Time passes by moving
 * what they have saved.
 */
export class PlayedProject {
  readonly project: TempProject
  #calls = 0

  constructor(project: TempProject) {
    this.project = project
  }

  async install(...words: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await runCommand('breakerbox', ['install', ...words], { project: this.project })
    if (exitCode !== 0) throw new Error(`breakerbox install: ${stderr}`)
  }

  async begin(session: string): Promise<void> {
    await fireEvent(this.project, payloads.sessionStart({ project: this.project, session }))
    await this.prompt(session, 'Make it work.')
  }

  async prompt(session: string, text: string): Promise<void> {
    await fireEvent(this.project, payloads.userPromptSubmit({ project: this.project, session }, text))
  }

  /** One turn with one Bash call; whether it ran. After a halt the client sends no batch. */
  async turn(session: string, command: string, outcome: Outcome): Promise<boolean> {
    return this.#turn(session, payloads.bashCall(command, `toolu_${++this.#calls}`), outcome)
  }

  /** One turn with a successful edit. */
  async edit(session: string, path: string): Promise<void> {
    const call = {
      tool: 'Edit',
      input: { file_path: path, old_string: 'a', new_string: 'b' },
      id: `toolu_${++this.#calls}`,
    }
    await this.#turn(session, call, { says: `The file ${path} has been updated successfully.` })
  }

  async #turn(session: string, call: payloads.PlannedCall, outcome: Outcome): Promise<boolean> {
    const { project } = this
    const scene = { project, session }
    const gates = await fireEvent(project, payloads.preToolUse(scene, call))
    const refusal = gates.flatMap(({ answer }) => answer?.hookSpecificOutput?.permissionDecisionReason ?? [])[0]
    const ran = refusal === undefined
    if (ran && 'fails' in outcome) await fireEvent(project, payloads.postToolUseFailure(scene, call, outcome.fails))
    if (ran && 'says' in outcome)
      await fireEvent(project, payloads.postToolUse(scene, call, payloads.bashResponse(outcome.says)))
    if (gates.some(({ answer }) => answer?.continue === false)) return false
    const text = ran ? ('fails' in outcome ? outcome.fails : outcome.says) : payloads.refusedByHook(call.tool, refusal)
    await fireEvent(project, payloads.postToolBatch(scene, [[call, text]]))
    return ran
  }

  /** Lets time pass for everything that the breakers have saved, the log included. */
  pass(seconds: number): void {
    const { memory } = this.project
    const filesIn = (folder: string): string[] => readdirSync(folder).map((name) => join(folder, name))
    const files = [memory, join(memory, 'circuit_breaker_sessions')]
      .flatMap(filesIn)
      .filter((file) => /circuit_breaker_[^/]*\.jsonl?$|sessions\/[^/]*\.json$/.test(file) && !file.includes('_config'))
    if (moveTimes(files, seconds) === 0) throw new Error(`nothing in ${memory} carries a timestamp: no time could pass`)
  }
}
