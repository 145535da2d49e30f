import { Chalk } from 'chalk'
import { type Command, Option } from 'commander'
import { clean } from '../calls/result.ts'
import { type DoctorReport, doctorText, type Mended } from '../doctor/doctor-text.ts'
import { type Examined, examine } from '../doctor/examine.ts'
import { openProject, type Project } from '../session/project.ts'
import { clientAncestors } from '../session/under-client.ts'
import { causeLine } from '../system/known-error.ts'
import { nodeMachine } from '../system/node-machine.ts'
import type { System } from '../system/system.ts'
import { harmlessJson } from './harmless-json.ts'
import { openNamedProject } from './open-named-project.ts'
import { type CommandResult, type Invocation, printed } from './result.ts'
import { version } from './version.ts'

interface Options {
  readonly project?: string
  readonly fix?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
  readonly all?: boolean
  readonly quick?: boolean
}

/** Adds `doctor` to a program. */
export function addDoctor(
  program: Command,
  system: System,
  invocation: Invocation,
  act: (run: () => Promise<CommandResult>) => void,
): void {
  program
    .command('doctor')
    .description('what is odd with an installation, and the command that mends it; exit code 1 if there is a problem')
    .option('--project <folder>', 'the project (default: the current folder)')
    .option('--fix', 'mend what can be mended without touching anything of yours, then look again')
    .addOption(new Option('--dry-run', 'with --fix: say what would be done').implies({ fix: true }))
    .option('--quick', 'run no hook to see whether it works')
    .option('--all', 'show also what is fine')
    .option('--json', 'print the report as JSON')
    .action((options: Options) =>
      act(async () => {
        const project = openNamedProject(system, options.project)
        return 'exitCode' in project ? project : doctor(project, options, invocation)
      }),
    )
}

async function doctor(project: Project, options: Options, { folder, colour }: Invocation): Promise<CommandResult> {
  const look = (at: Project): Promise<Examined> =>
    examine(at, nodeMachine, { bundles: folder, quick: options.quick === true })
  const found = await look(project)
  const refusal = options.fix === true && options.dryRun !== true ? refused(project) : undefined
  const mended = options.fix === true && refusal === undefined ? await mend(found, options.dryRun === true) : undefined
  // What was mended counts only as far as a second look finds it so: the config, too, is read anew.
  const isChanged = mended?.some(({ outcome }) => outcome !== 'planned') === true
  const { findings } = isChanged ? await look(openProject(project.system)) : found
  const healthy = findings.every(({ level }) => level !== 'problem')
  const report: DoctorReport = {
    version: 1,
    breakerbox: version,
    project: project.paths.project,
    healthy,
    findings,
    ...(mended === undefined ? {} : { mended }),
  }
  const paint = new Chalk({ level: colour ? 1 : 0 })
  const lines = options.json === true ? [harmlessJson(report)] : doctorText(report, paint, options.all)
  const failed = refusal !== undefined || !healthy
  return { ...printed(...lines), err: refusal ?? '', exitCode: failed ? 1 : 0 }
}

/** What is mended is state, hooks and settings: the model may look, and leaves them to the person. */
function refused({ system }: Project): string | undefined {
  const client = clientAncestors(system)[0]
  if (client === undefined) return undefined
  return [
    `breakerbox doctor: --fix is refused, because it runs under Claude Code (process ${client.pid}, ${clean(client.name, 40)}): the model must not change what limits it.`,
    'You are the person? Run this in a terminal of your own.\n',
  ].join('\n')
}

/** Does each act once, in the order of the findings. */
async function mend({ findings, mends }: Examined, dryRun: boolean): Promise<Mended[]> {
  const acts = [...new Map([...mends.values()].map((each) => [each.key, each])).values()]
  const done: Mended[] = []
  for (const { key, does, act } of acts) {
    const ids = findings.filter((finding) => mends.get(finding)?.key === key).map(({ id }) => id)
    const told = { for: ids, does }
    if (dryRun) {
      done.push({ ...told, outcome: 'planned' })
      continue
    }
    try {
      await act()
      done.push({ ...told, outcome: 'done' })
    } catch (error) {
      done.push({ ...told, outcome: 'failed', cause: causeLine(error) })
    }
  }
  return done
}
