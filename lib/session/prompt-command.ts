import type { Project } from './project.ts'

/** Commands that a person types as a prompt, and that the prompt hook carries out itself. */
export const promptCommandNames = ['circuit-status', 'reset-circuit', 'breaker-why'] as const
export type PromptCommandName = (typeof promptCommandNames)[number]

export interface PromptCommand {
  readonly name: PromptCommandName
  /** What follows the name. */
  readonly words: string
}

/** Where it was submitted. */
export interface PromptPlace {
  readonly session: string
  /** Path of the session's transcript; undefined where the client names none. */
  readonly transcript: string | undefined
}

/** What the part exports that carries them out. */
export interface PromptCommands {
  /** What the person reads. */
  carryOutPrompt(project: Project, place: PromptPlace, command: PromptCommand): Promise<string>
}

const ourCommand = new RegExp(String.raw`^/(?:breakerbox:)?(${promptCommandNames.join('|')})(?=\s|$)`)

/**
 * The command that a prompt is; undefined for any other prompt. The client's menu puts a plugin's name before its commands.
 * Whatever follows belongs to the command: such a prompt never goes to the model, which could do nothing with it.
 */
export function promptCommand(prompt: string): PromptCommand | undefined {
  const text = prompt.trim()
  const [spelled, name] = ourCommand.exec(text) ?? []
  if (spelled === undefined) return undefined
  return { name: name as PromptCommandName, words: text.slice(spelled.length).trim() }
}
