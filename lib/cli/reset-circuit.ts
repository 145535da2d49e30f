import { Option } from 'commander'
import { clean } from '../calls/result.ts'
import { patternNames } from '../patterns/patterns.ts'
import type { Project } from '../session/project.ts'
import { resetByName } from '../session/reset.ts'
import { clientAncestors } from '../session/under-client.ts'
import type { System } from '../system/system.ts'
import { openNamedProject } from './open-named-project.ts'
import { newProgram, parseWords } from './program.ts'
import { type CommandResult, failed, type Invocation, misused, printed } from './result.ts'

interface Options {
  readonly project?: string
  readonly circuit?: string
  readonly all?: boolean
  readonly fleet?: boolean
}

/** `reset-circuit`: closes circuits by hand. Refuses under the client: the model must not lift its own limits. */
export function resetCircuit(system: System, invocation: Invocation): Promise<CommandResult> {
  let result: Promise<CommandResult> | undefined
  const program = newProgram('reset-circuit', 'Close circuits by hand, at backoff level 0.')
    .argument('[name]', 'the same as --circuit <name>')
    .option('--project <folder>', 'the project (default: the current folder)')
    .option(
      '--circuit <name>',
      `a pattern (${patternNames.join(', ')}), a subject such as "Bash(npm test)", or pattern:subject`,
    )
    .addOption(
      new Option('--all', 'every circuit of the project, those that its sessions share included').conflicts('circuit'),
    )
    .option('--fleet', 'those that machines share through Redis, for all machines; without a name, all of them')
    .action((name: string | undefined, options: Options) => {
      result = Promise.resolve(openNamedProject(system, options.project)).then((project) =>
        'exitCode' in project ? project : reset(project, name, options),
      )
    })
  return parseWords(program, invocation.words, () => result)
}

async function reset(
  project: Project,
  word: string | undefined,
  { circuit, all, fleet = false }: Options,
): Promise<CommandResult> {
  if (word !== undefined && (circuit !== undefined || all === true))
    return misused(
      `error: ${JSON.stringify(clean(word, 120))} and ${all === true ? '--all' : '--circuit'}: say one of them`,
    )
  const name = word ?? circuit
  if (name === undefined && all !== true && !fleet)
    return misused(
      'error: name a circuit with --circuit <name>, or say --all or --fleet, as in: reset-circuit tool_failure',
    )
  const client = clientAncestors(project.system)[0]
  if (client !== undefined) {
    return failed(
      `reset-circuit: refused, because it runs under Claude Code (process ${client.pid}, ${clean(client.name, 40)}): the model must not lift its own limits.`,
      'You are the person? Type /reset-circuit as a prompt, or run this in a terminal of your own.',
    )
  }
  const { kind, lines } = await resetByName(project, name, fleet)
  return kind === 'done' ? printed(...lines) : kind === 'unknown' ? misused(...lines) : failed(...lines)
}
