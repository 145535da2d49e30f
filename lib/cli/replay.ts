import { resolve } from 'node:path'
import { Chalk } from 'chalk'
import { type Command, Option } from 'commander'
import { type LoadedConfig, validateConfig } from '../config/load.ts'
import { withOverride } from '../config/override.ts'
import type { Config } from '../config/schema.ts'
import type { PatternName } from '../patterns/finding.ts'
import { patternNames } from '../patterns/patterns.ts'
import { type FileFindings, type FileSession, type RecordingFormat, replayFiles } from '../replay/replay-files.ts'
import { type ReplayReport, totalsOf } from '../replay/replay-report.ts'
import { replayText } from '../replay/replay-text.ts'
import { findRecordings } from '../replay/sources.ts'
import type { System } from '../system/system.ts'
import { harmlessJson } from './harmless-json.ts'
import { type CommandResult, failed, type Invocation, misused, printed } from './result.ts'

interface Options {
  readonly format: RecordingFormat
  readonly json?: boolean
  readonly config?: string
  readonly set: readonly string[]
  readonly only?: PatternName
}

/** Adds `replay PATH…` to a program. */
export function addReplay(
  program: Command,
  system: System,
  invocation: Invocation,
  act: (run: () => Promise<CommandResult>) => void,
): void {
  program
    .command('replay')
    .description('play recorded sessions to the engine and report what it would have done')
    .argument('<path...>', 'transcripts or call logs: files, folders or globs, such as ~/.claude/projects')
    .addOption(
      new Option('--format <format>', 'what the files are').choices(['auto', 'claude-code', 'calls']).default('auto'),
    )
    .option('--json', 'print the report as JSON')
    .option('--config <file>', 'limits to try, in the form of circuit_breaker_config.json')
    .option('--set <field=value>', 'one limit to try; may be repeated', (value, all: string[]) => [...all, value], [])
    .addOption(new Option('--only <pattern>', 'one pattern only').choices(patternNames))
    .action((paths: string[], options: Options) => act(() => replay(system, invocation, paths, options)))
}

async function replay(
  system: System,
  invocation: Invocation,
  paths: readonly string[],
  options: Options,
): Promise<CommandResult> {
  const loaded = configOf(system, options)
  if ('exitCode' in loaded) return loaded
  const { recordings, missing } = findRecordings(system, paths)
  if (recordings.length === 0)
    return failed(`breakerbox replay: nothing to replay: ${missing.join(', ')} matches no .jsonl or .jsonl.gz file`)
  const sessions: FileSession[] = []
  const problems = missing.map((name) => `${name} matches no file`)
  let damagedLines = 0
  const total = recordings.reduce((sum, { main, agents }) => sum + sizeOf(system, [main, ...agents]), 0)
  const progress = invocation.progress(total)
  await replayFiles(recordings, {
    format: options.format,
    config: loaded.config,
    onSession: (session) => sessions.push(session),
    onFile: (findings: FileFindings) => {
      if (findings.problem === undefined) damagedLines += findings.damaged
      else problems.push(`${findings.file} ${findings.problem}`)
    },
    onBytes: progress.add,
  })
  progress.end()
  const totals = totalsOf(sessions, { damagedLines, problems })
  const report: ReplayReport = { sessions, totals }
  if (options.json === true) return printed(harmlessJson(report))
  return printed(...replayText(sessions, totals, new Chalk({ level: invocation.colour ? 1 : 0 })))
}

const sizeOf = ({ files }: System, paths: readonly string[]): number =>
  paths.reduce((sum, path) => sum + (files.facts(path)?.size ?? 0), 0)

/** Defaults, the file, the single values, and every other pattern off with `--only`. */
function configOf(system: System, options: Options): LoadedConfig | CommandResult {
  let value: Record<string, unknown> = {}
  const path = options.config === undefined ? '--set' : resolve(system.workingFolder, options.config)
  try {
    if (options.config !== undefined) value = JSON.parse(system.files.readText(path)) as Record<string, unknown>
    for (const assignment of options.set) value = withOverride(value, assignment)
  } catch (error) {
    return misused(`error: ${options.config === undefined ? '' : `${path}: `}${(error as Error).message}`)
  }
  const loaded = validateConfig(value, path)
  if (loaded.problems.length > 0) return misused(...loaded.problems.map(({ message }) => `error: ${message}`))
  return { ...loaded, config: onlyPattern(loaded.config, options.only) }
}

function onlyPattern(config: Config, only: PatternName | undefined): Config {
  if (only === undefined) return config
  const breakers = Object.entries(config.circuit_breakers).map(([name, limits]) =>
    name === only ? [name, limits] : [name, { ...limits, mode: 'off' }],
  )
  return { ...config, circuit_breakers: Object.fromEntries(breakers) as Config['circuit_breakers'] }
}
