import type { Command } from 'commander'
import { clean } from '../calls/result.ts'
import { changeLines, type FileChange, fileChanges, fileSizes, plannedChanges } from '../memory/file-changes.ts'
import { memoryLimits } from '../memory/limits.ts'
import { planCleanup } from '../memory/memory-report.ts'
import { describeBytes, type MemoryLimits } from '../memory/plan.ts'
import { describeReport } from '../memory/report.ts'
import { cleanUp } from '../session/cleanup.ts'
import type { Project } from '../session/project.ts'
import type { System } from '../system/system.ts'
import { harmlessJson } from './harmless-json.ts'
import { openNamedProject } from './open-named-project.ts'
import { type CommandResult, failed, printed } from './result.ts'

interface Options {
  readonly project?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** Milliseconds. A person waits for the end; a hook would leave the rest to the next session's start. */
const budgetMilliseconds = 10 * 60_000

/** What `breakerbox clean --json` prints. */
interface CleanReport {
  readonly version: 1
  readonly dryRun: boolean
  /** Absolute path of the memory folder. */
  readonly folder: string
  readonly bytesBefore: number
  /** In a dry run the same as before. */
  readonly bytesAfter: number
  readonly limitBytes: number
  /** Every file, by name. */
  readonly files: readonly FileChange[]
  /** What was done in one line; null where nothing was. */
  readonly summary: string | null
  /** The time was used up: run it again. */
  readonly unfinished: boolean
}

/** Adds `clean` to a program. */
export function addClean(program: Command, system: System, act: (run: () => Promise<CommandResult>) => void): void {
  program
    .command('clean')
    .description('bring the memory folder inside its limits now, as each session start does')
    .option('--project <folder>', 'the project (default: the current folder)')
    .option('--dry-run', 'print what would be done, without doing it')
    .option('--json', 'print the report as JSON')
    .action((options: Options) => act(() => runClean(system, options)))
}

/** Exit code 1 where the folder cannot be looked after, another cleanup is at work, or an action failed. */
async function runClean(system: System, options: Options): Promise<CommandResult> {
  const project = openNamedProject(system, options.project)
  if ('exitCode' in project) return project
  const { limits, problems } = memoryLimits(project.config.memory_limits, system.env)
  const warnings = [
    ...project.configProblems,
    ...problems.map(({ name, value, cause }) => `${name}=${value}: ${cause}`),
  ].map((problem) => `${clean(problem, 300)}\n`)
  const { memory } = project.paths
  if (system.files.facts(memory) === undefined) {
    return printed(`There is no ${memory}: nothing to clean.`)
  }
  const result = await (options.dryRun === true ? planned : cleaned)(project, limits)
  if ('exitCode' in result) return { ...result, err: warnings.join('') + result.err }
  const lines = options.json === true ? [harmlessJson(result)] : reportLines(result)
  const failedOnes = result.files.some(({ outcome }) => outcome === 'failed')
  return { ...printed(...lines), err: warnings.join(''), exitCode: failedOnes ? 1 : 0 }
}

/** The session that the client says is running, where this is run under one: its files are left alone. */
const runningSession = ({ system }: Project): string | undefined => system.env['CLAUDE_CODE_SESSION_ID'] || undefined

async function planned(project: Project, limits: MemoryLimits): Promise<CleanReport | CommandResult> {
  const { system, paths } = project
  const { facts, actions, problem } = await planCleanup(system, paths, limits, {
    runningSession: runningSession(project),
  })
  if (facts === undefined) return failed(`error: ${problem ?? 'the memory folder is gone'}`)
  return {
    version: 1,
    dryRun: true,
    folder: paths.memory,
    bytesBefore: facts.totalBytes,
    bytesAfter: facts.totalBytes,
    limitBytes: bytesOfLimit(limits),
    files: plannedChanges(fileSizes(system, paths.memory), actions),
    summary: null,
    unfinished: false,
  }
}

async function cleaned(project: Project, limits: MemoryLimits): Promise<CleanReport | CommandResult> {
  const { system, paths } = project
  const before = system.files.facts(paths.memory)?.kind === 'folder' ? fileSizes(system, paths.memory) : new Map()
  const report = await cleanUp(project, limits, runningSession(project), budgetMilliseconds)
  if (report.kind === 'unusable') return failed(`error: ${report.problem}`)
  if (report.kind === 'busy') return failed('error: another cleanup is at work in this folder; try again in a minute')
  const { bytesBefore, bytesAfter, limitBytes, records, unfinished } = report
  return {
    version: 1,
    dryRun: false,
    folder: paths.memory,
    bytesBefore,
    bytesAfter,
    limitBytes,
    files: fileChanges(before, fileSizes(system, paths.memory), records),
    summary: describeReport(report) ?? null,
    unfinished,
  }
}

const bytesOfLimit = (limits: MemoryLimits): number => limits.total_max_mb * 1024 * 1024

function reportLines(report: CleanReport): string[] {
  const { folder, bytesBefore, limitBytes, files, dryRun, summary, unfinished } = report
  const toDo = files.filter(({ outcome }) => outcome === 'planned').length
  const last = dryRun
    ? toDo === 0
      ? 'Nothing to clean.'
      : `Dry run: nothing was changed. ${toDo} ${toDo === 1 ? 'file' : 'files'} would be.`
    : (summary ?? 'Nothing to clean.')
  return [
    `${clean(folder, 200)}: ${describeBytes(bytesBefore)}, limit ${describeBytes(limitBytes)}`,
    '',
    ...changeLines(files),
    '',
    last,
    ...(unfinished ? ['Out of time: run it again to go on.'] : []),
  ]
}
