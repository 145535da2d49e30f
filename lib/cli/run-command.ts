import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { System } from '../system/system.ts'
import { progressBar } from './progress-bar.ts'
import type { CommandResult, Invocation } from './result.ts'

export type Command = (system: System, invocation: Invocation) => CommandResult | Promise<CommandResult>

/**
 * Runs one ops command: the only place that reads the command line, writes and sets the exit code.
 *
 * @param moduleUrl `import.meta.url` of the executable.
 */
export async function runCommand(command: Command, system: System, moduleUrl: string): Promise<void> {
  const { argv, stdout, stderr } = process
  const noColour = (system.env['NO_COLOR'] ?? '') !== '' || system.env['TERM'] === 'dumb'
  const colour = stdout.isTTY === true && !noColour
  const result = await command(system, {
    words: argv.slice(2),
    colour,
    folder: dirname(fileURLToPath(moduleUrl)),
    progress: (total) => progressBar(total, stderr.isTTY === true ? (text) => stderr.write(text) : undefined),
  })
  // Not process.exit: on a pipe it would cut off what is still to be written.
  process.exitCode = result.exitCode
  stdout.write(result.out)
  stderr.write(result.err)
}
