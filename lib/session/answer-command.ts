import type { Answer } from '../protocol/answer.ts'
import { causeLine } from '../system/known-error.ts'
import { partIfThere } from '../system/part.ts'
import type { Project } from './project.ts'
import type { PromptCommand, PromptCommands, PromptPlace } from './prompt-command.ts'

/** File name, without its ending, of the part that carries the commands out: few prompts are one, and it is large. */
const commandsPart = 'prompt-commands'

/** Holds the prompt back, which costs no model request, and answers in its place, also where something goes wrong. */
export async function answerCommand(project: Project, place: PromptPlace, command: PromptCommand): Promise<Answer> {
  try {
    const part = partIfThere<PromptCommands>(project.system, commandsPart)
    const block = (await part?.carryOutPrompt(project, place, command)) ?? missing(command)
    return { block, unquoted: true }
  } catch (error) {
    return { block: `/${command.name}: ${causeLine(error)}; try again`, unquoted: true }
  }
}

const missing = ({ name }: PromptCommand): string =>
  `/${name} was not carried out: ${commandsPart}.cjs is not beside the prompt hook, or is damaged. Run breakerbox install again; with the plugin, update it: /plugin.`
