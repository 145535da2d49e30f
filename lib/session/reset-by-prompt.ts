import { clean } from '../calls/result.ts'
import type { Answer } from '../protocol/answer.ts'
import type { Project } from './project.ts'
import { resetByName } from './reset.ts'
import { clientAncestors } from './under-client.ts'

/** What a person means by `/reset-circuit [--fleet] NAME`; no name, or `--all`, means every circuit. */
export interface ResetCommand {
  readonly name?: string
  /** Those of the fleet, for all its machines. */
  readonly fleet?: true
}

/** The command in a prompt; undefined for any other prompt. It has to be the whole prompt. */
export function resetCommand(prompt: string): ResetCommand | undefined {
  const found = /^\/reset-circuit(?:[ \t]+(--fleet))?(?:[ \t]+(?:--circuit[ \t]+)?(\S.*))?$/.exec(prompt.trim())
  if (found === null) return undefined
  const [, fleet, rest] = found
  const name = rest?.trim()
  return {
    ...(name === undefined || name === '--all' ? {} : { name }),
    ...(fleet === undefined ? {} : { fleet: true }),
  }
}

/**
 * Carries it out in the prompt hook, which knows that a prompt was submitted and not a tool called. The prompt is held back,
 * so it costs no model request. A client that was itself started under a client is run by a model, and refused.
 */
export async function resetByPrompt(project: Project, { name, fleet }: ResetCommand): Promise<Answer> {
  if (clientAncestors(project.system).length > 1) {
    return { block: 'reset-circuit: refused, because this Claude Code was started by another one: nobody typed this.' }
  }
  const result = await resetByName(project, name, fleet)
  return { block: result.lines.map((line) => clean(line, 400)).join('\n') }
}
