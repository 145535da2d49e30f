import type { Answer } from '../protocol/answer.ts'
import { causeLine } from '../system/known-error.ts'
import { partIfThere } from '../system/part.ts'
import type { Project } from './project.ts'
import type * as commands from './prompt-commands.ts'
import type { PromptCommand, PromptCommandName } from './prompt-commands.ts'

/**
 * The command that a prompt is; undefined for any other prompt. The client's menu puts a plugin's name before its commands.
 * Whatever follows belongs to the command: such a prompt never goes to the model, which could do nothing with it.
 */
export function promptCommand(prompt: string): PromptCommand | undefined {
  const text = prompt.trim()
  const [spelled, name] = /^\/(?:breakerbox:)?(circuit-status|reset-circuit|breaker-why)(?=\s|$)/.exec(text) ?? []
  if (spelled === undefined) return undefined
  return { name: name as PromptCommandName, words: text.slice(spelled.length).trim() }
}

/** File name, without its ending, of the part that carries the commands out: few prompts are one, and it is large. */
export const commandsPart = 'prompt-commands'

/** Holds the prompt back, which costs no model request, and answers in its place, also where something goes wrong. */
export async function answerCommand(project: Project, session: string, command: PromptCommand): Promise<Answer> {
  try {
    const part = partIfThere<typeof commands>(project.system, commandsPart)
    const block = (await part?.carryOut(project, session, command)) ?? missing(command)
    return { block, unquoted: true }
  } catch (error) {
    return { block: `/${command.name}: ${causeLine(error)}; try again`, unquoted: true }
  }
}

const missing = ({ name }: PromptCommand): string =>
  `/${name} was not carried out: ${commandsPart}.cjs is not beside the prompt hook, or is damaged. Run breakerbox install again; with the plugin, update it: /plugin.`
