import { Command, CommanderError } from 'commander'
import { type CommandResult, misused, printed } from './result.ts'
import { version } from './version.ts'

/** A commander program that prints nothing and never exits; `parseWords` runs it. */
export function newProgram(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .showSuggestionAfterError(true)
    .exitOverride()
}

/**
 * Runs the handler that `words` name. A wrong command, option or value becomes exit code 2 and lines that name what is
 * allowed; help and version become output.
 */
export async function parseWords(
  program: Command,
  words: readonly string[],
  handled: () => CommandResult | Promise<CommandResult> | undefined,
): Promise<CommandResult> {
  let out = ''
  let err = ''
  const output = {
    writeOut: (text: string) => {
      out += text
    },
    writeErr: (text: string) => {
      err += text
    },
  }
  for (const command of [program, ...program.commands]) command.configureOutput(output)
  try {
    await program.parseAsync([...words], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return { exitCode: 0, out, err }
    return { exitCode: 2, out, err: err + allowed(program, words, error.code, err) }
  }
  return (await handled()) ?? (out === '' ? misused(`${program.name()}: nothing to do`) : printed(out.trimEnd()))
}

/** Where commander only says what is wrong, a line that says what would be right. */
function allowed(program: Command, words: readonly string[], code: string, said: string): string {
  if (said.includes('Did you mean') || said.includes('Allowed choices')) return ''
  const command = program.commands.find((each) => each.name() === words[0]) ?? program
  if (code === 'commander.unknownCommand') {
    return `Commands: ${program.commands.map((each) => each.name()).join(', ')}\n`
  }
  if (code === 'commander.help') return ''
  return `Options: ${command.options.map((option) => option.long ?? option.short).join(', ')}\n`
}
