import type { ChalkInstance } from 'chalk'
import { clean } from '../calls/result.ts'
import { quoted } from '../guard/guard-command.ts'
import type { GuardedReport, HookReport, UnguardedReport } from './hook-report.ts'
import { inTime, moment } from './quantities.ts'

/** Longest command that a line of a table shows, characters. */
const longestCommand = 100
/** Unguarded hooks that are shown; `--json` has them all. */
const mostShown = 20

/** The report for a person: what is down first, then all guarded hooks, then the others. */
export function hookText(report: HookReport, paint: ChalkInstance): string[] {
  const { guarded, unguarded, configProblems = [] } = report
  const down = guarded.filter(({ state }) => state !== 'closed')
  return [
    ...(guarded.length === 0
      ? ['No guarded hook has run yet. breakerbox guard-hooks guards those of a project.']
      : [
          down.length === 0
            ? paint.green(`Guarded hooks: ${guarded.length}, none is down`)
            : paint.red(`Guarded hooks: ${guarded.length}, down: ${down.length}`),
          '',
          paint.dim(guardedColumns('STATE', 'RUNS', 'FAILED', 'MEDIAN', '95 %', 'HOOK')),
          ...guarded.flatMap((hook) => guardedLines(hook, paint)),
        ]),
    '',
    ...unguardedLines(unguarded, paint),
    ...(unguarded.length === 0 ? [] : ['']),
    readLine(report),
    ...configProblems.flatMap((problem) => ['', `${paint.yellow('Config:')} ${clean(problem, 300)}`]),
  ]
}

const names: Record<GuardedReport['state'], string> = { open: 'OPEN', half_open: 'HALF-OPEN', closed: 'CLOSED' }

const guardedColumns = (
  state: string,
  ...[runs = '', failed = '', median = '', p95 = '', hook = '']: string[]
): string =>
  `${state.padEnd(9)} ${runs.padStart(6)} ${failed.padStart(6)} ${median.padStart(8)} ${p95.padStart(8)}  ${hook}`

function guardedLines(hook: GuardedReport, paint: ChalkInstance): string[] {
  const { state, runs, failures, medianMs, p95Ms } = hook
  const colour = state === 'open' ? paint.red : state === 'half_open' ? paint.yellow : paint.green
  const name = `${clean(hook.command, longestCommand)}${hook.class === 'guard' ? ' (guard)' : ''}`
  const line = guardedColumns(names[state], `${runs}`, `${failures}`, inTime(medianMs), inTime(p95Ms), name)
  const row = colour(line.slice(0, 9)) + line.slice(9)
  return [row, ...guardedDetails(hook).map((detail) => `          ${detail}`)]
}

function guardedDetails(hook: GuardedReport): string[] {
  const { state, retrySeconds, retryAt, lastError, lastFailure, downSince, consecutiveFailures } = hook
  const error = lastError === null ? [] : [`last error, at ${moment(lastFailure)}: ${clean(lastError, 240)}`]
  if (state === 'closed') return error
  const away = hook.class === 'guard' ? 'its calls are asked about or refused' : 'it is skipped'
  const again =
    retrySeconds === null || retrySeconds === 0
      ? 'it is tried at its next run'
      : `${away} for ${retrySeconds} s more (until ${moment(retryAt)}), then tried`
  return [
    `down since ${moment(downSince)} after ${consecutiveFailures} failures in a row; ${again}`,
    ...error,
    `bring it back: hook-health reset ${hook.command.length > longestCommand ? '--all' : quoted(clean(hook.command, longestCommand))}`,
  ]
}

function unguardedLines(all: readonly UnguardedReport[], paint: ChalkInstance): string[] {
  if (all.length === 0) return []
  const rest = all.length - mostShown
  return [
    `Not guarded, as far as the client recorded them: ${all.length}`,
    '',
    paint.dim(unguardedColumns('RUNS', 'FAILED', 'TIMED OUT', 'MEDIAN', '95 %', 'HOOK')),
    ...all.slice(0, mostShown).flatMap((hook) => {
      const { runs, failed, timedOut, medianMs, p95Ms, slowest } = hook
      const name = clean(hook.command, longestCommand)
      const line = unguardedColumns(`${runs}`, `${failed}`, `${timedOut}`, inTime(medianMs), inTime(p95Ms), name)
      const when =
        slowest === null ? [] : [`slowest: ${inTime(slowest.ms)} on ${clean(slowest.hook, 60)}, ${moment(slowest.at)}`]
      return [timedOut + failed > 0 ? paint.yellow(line) : line, ...when.map((text) => `          ${text}`)]
    }),
    ...(rest > 0 ? [`… and ${rest} more; --json has them all`] : []),
    '',
    'The client records no run that succeeded without a word (but for Stop). Guard them: breakerbox guard-hooks',
  ]
}

const unguardedColumns = (
  ...[runs = '', failed = '', timedOut = '', median = '', p95 = '', hook = '']: string[]
): string =>
  `${runs.padStart(6)} ${failed.padStart(6)} ${timedOut.padStart(9)} ${median.padStart(8)} ${p95.padStart(8)}  ${hook}`

function readLine({ transcripts: { files, bytes, days, leftOut, damaged } }: HookReport): string {
  const rest = leftOut === 0 ? '' : `; ${leftOut} older ones were left out`
  const broken = damaged === 0 ? '' : `; ${damaged} damaged lines were passed over`
  return `Read ${files} transcripts (${(bytes / 1_000_000).toFixed(1)} MB) of the last ${days} days${rest}${broken}.`
}
