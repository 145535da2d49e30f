import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errorCode } from '../system/known-error.ts'
import type { System } from '../system/system.ts'
import { progressBar } from './progress-bar.ts'
import { type CommandResult, failed, type Invocation } from './result.ts'

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
  const result = await orFailure(command, system, {
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

/** A foreseen error of the disk or of a path is one line; any other is a defect and keeps its trace. */
async function orFailure(command: Command, system: System, invocation: Invocation): Promise<CommandResult> {
  try {
    return await command(system, invocation)
  } catch (error) {
    if (errorCode(error) === undefined) throw error
    return failed(`error: ${(error as Error).message}`)
  }
}
