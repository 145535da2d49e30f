import type { ChalkInstance } from 'chalk'
import { clean } from '../calls/result.ts'
import { type Finding, groups, type Level } from './finding.ts'

/** What `breakerbox doctor --json` prints. Names and ids are promised; fields and ids may be added. */
export interface DoctorReport {
  /** Of this report's form. */
  readonly version: 1
  /** Of Breakerbox. */
  readonly breakerbox: string
  /** Absolute. */
  readonly project: string
  /** No finding is a problem. */
  readonly healthy: boolean
  readonly findings: readonly Finding[]
  /** With `--fix`: what was done, or with `--dry-run` would be. `findings` is then what is left. */
  readonly mended?: readonly Mended[]
}

export interface Mended {
  /** Ids of the findings that it was for. */
  readonly for: readonly string[]
  /** One line. */
  readonly does: string
  readonly outcome: 'planned' | 'done' | 'failed'
  /** Why it failed. */
  readonly cause?: string
}

const longest = 400

/** The report for a person: a line for each group that is fine, then notes, then problems with what mends them. */
export function doctorText(report: DoctorReport, paint: ChalkInstance, all = false): string[] {
  const { findings, mended, project, breakerbox } = report
  const odd = (level: Level) => findings.filter((finding) => finding.level === level)
  const lines = [`Breakerbox ${breakerbox} in ${clean(project, 200)}`, '']
  if (mended !== undefined) lines.push(...mendedLines(mended, paint))
  if (all) lines.push(...odd('ok').flatMap((finding) => findingLines(finding, paint)))
  else lines.push(...groups.flatMap((group) => groupLine(findings, group, paint)))
  for (const level of ['note', 'problem'] as const) {
    if (odd(level).length > 0) lines.push('', ...odd(level).flatMap((finding) => findingLines(finding, paint)))
  }
  return [...lines, '', ...summary(report, odd('problem').length, odd('note').length)]
}

const words: Readonly<Record<Level, string>> = { ok: 'ok', note: 'note', problem: 'PROBLEM' }
const width = 9
const label = (level: Level, paint: ChalkInstance): string => {
  const colour = level === 'ok' ? paint.green : level === 'note' ? paint.yellow : paint.red
  return colour(words[level].padEnd(width))
}

/** A group in which something is odd has no line of its own: what is odd follows. */
function groupLine(findings: readonly Finding[], group: Finding['group'], paint: ChalkInstance): string[] {
  const here = findings.filter((finding) => finding.group === group)
  if (here.length === 0 || here.some(({ level }) => level !== 'ok')) return []
  return [`${label('ok', paint)}${group.padEnd(17)}${paint.dim(inShort(group, here))}`]
}

/** The one that says most about a group. */
const telling: Readonly<Partial<Record<Finding['group'], readonly Finding['id'][]>>> = {
  'Node and client': ['node', 'client'],
  Settings: ['settings'],
  Hooks: ['registration', 'answers'],
  Memory: ['memory', 'spool'],
  Services: ['fleet', 'reports'],
  History: ['errors', 'guards'],
}

const inShort = (group: Finding['group'], here: readonly Finding[]): string =>
  clean((telling[group] ?? []).flatMap((id) => here.find((finding) => finding.id === id)?.title ?? []).join('; '), 200)

function findingLines({ id, level, title, detail = [], fix }: Finding, paint: ChalkInstance): string[] {
  const indent = ' '.repeat(width)
  return [
    `${label(level, paint)}${clean(title, longest)} ${paint.dim(`[${id}]`)}`,
    ...detail.map((line) => `${indent}  ${clean(line, longest)}`),
    ...(fix === undefined ? [] : [`${indent}${level === 'note' ? 'see' : 'mend'}: ${fix.command}`]),
  ]
}

function mendedLines(mended: readonly Mended[], paint: ChalkInstance): string[] {
  if (mended.length === 0) return ['There is nothing that could be mended safely.', '']
  const outcomes: Readonly<Record<Mended['outcome'], string>> = {
    planned: paint.yellow('would'.padEnd(width)),
    done: paint.green('done'.padEnd(width)),
    failed: paint.red('FAILED'.padEnd(width)),
  }
  return [
    ...mended.map(
      ({ outcome, does, cause, for: ids }) =>
        `${outcomes[outcome]}${clean(does, longest)}${cause === undefined ? '' : `: ${clean(cause, longest)}`} ${paint.dim(`[${[...new Set(ids)].join(', ')}]`)}`,
    ),
    '',
  ]
}

function summary({ findings, mended, healthy }: DoctorReport, problems: number, notes: number): string[] {
  const safe = findings.filter(({ fix, level }) => fix?.safe === true && level !== 'ok').length
  const count = `${problems === 1 ? '1 problem' : `${problems} problems`}, ${notes === 1 ? '1 note' : `${notes} notes`}.`
  const first = healthy && notes === 0 ? 'Nothing is odd.' : count
  const again =
    safe === 0 || mended !== undefined
      ? []
      : [`breakerbox doctor --fix mends ${safe === 1 ? 'one' : safe} of them; --fix --dry-run says how.`]
  return [`${mended === undefined ? '' : 'Now: '}${first}`, ...again]
}
