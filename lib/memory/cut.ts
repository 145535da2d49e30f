import { elementRanges, type FieldRange, fieldRanges, onOneLine, type TextRange } from './json-ranges.ts'
import { type CutField, cutFieldNames } from './names.ts'

/** Cutting the oldest entries out of a session file's text. */

/** The summary of what was cut stays in the session file, in a field beside the list. */
export const summaryField = 'evidence_ledger_summary'

export interface EvidenceSummary {
  /** Entries cut so far. */
  readonly count: number
  /** ISO 8601 UTC times of the earliest and the latest of them; absent where no entry tells a time. */
  readonly from?: string
  readonly to?: string
  /** For each field that held numbers: their mean and how many there were. */
  readonly numeric_fields: Readonly<Record<string, { readonly mean: number; readonly count: number }>>
}

export interface CutText {
  /** The session file as it is to be. */
  readonly text: string
  /** The entries that went, oldest first, each on one line. */
  readonly cut: Readonly<Partial<Record<CutField, readonly string[]>>>
}

/**
 * Numbers of entries of the lists that can be cut; empty where none is longer than it may be. A field that stands twice, or
 * is no list, and a text that is not valid JSON count for nothing.
 */
export function countEntries(
  text: string,
  keep: Readonly<Record<CutField, number>>,
): Partial<Record<CutField, number>> {
  // Looking for the names first spares most files the parsing, and parsing spares most of the others the walk.
  if (!cutFieldNames.some((field) => text.includes(`"${field}"`))) return {}
  const value = parsed(text) as Record<string, unknown> | null | undefined
  const tooLong = (field: CutField) => {
    const list = value?.[field]
    return Array.isArray(list) && list.length > keep[field]
  }
  if (!cutFieldNames.some(tooLong)) return {}
  const fields = fieldRanges(text)
  const counts: Partial<Record<CutField, number>> = {}
  for (const name of cutFieldNames) {
    const elements = listIn(text, fields, name)
    if (elements) counts[name] = elements.length
  }
  return counts
}

/** The entries of one list, each on one line; undefined where there is no such list. */
export function entriesOf(text: string, name: CutField): string[] | undefined {
  return listIn(text, fieldRanges(text), name)?.map((range) => onOneLine(text, range))
}

function listIn(text: string, fields: readonly FieldRange[] | undefined, name: CutField): TextRange[] | undefined {
  const found = fields?.filter(({ key }) => key === name) ?? []
  const [field] = found
  return field && found.length === 1 ? elementRanges(text, field.value) : undefined
}

/**
 * A session file's text with only the last `keep` entries of its lists. All other characters stay as they are, but for the
 * summary, which is written into `evidence_ledger_summary`, right behind the list where the field is new.
 *
 * @returns undefined when nothing is to be cut, or when the text is not valid JSON, so that no cut is safe.
 */
export function cutSessionText(text: string, keep: Readonly<Partial<Record<CutField, number>>>): CutText | undefined {
  if (parsed(text) === undefined) return undefined
  const fields = fieldRanges(text)
  if (fields === undefined) return undefined
  const cut: Partial<Record<CutField, string[]>> = {}
  const edits: (TextRange & { readonly replacement: string })[] = []
  for (const name of cutFieldNames) {
    const elements = listIn(text, fields, name)
    const stay = keep[name]
    if (elements === undefined || stay === undefined || elements.length <= stay) continue
    const gone = elements.slice(0, elements.length - stay)
    const first = gone[0] as TextRange
    const firstStaying = elements[gone.length]
    const end = firstStaying ? firstStaying.start : (gone.at(-1) as TextRange).end
    edits.push({ start: first.start, end, replacement: '' })
    cut[name] = gone.map((range) => onOneLine(text, range))
  }
  if (edits.length === 0) return undefined
  if (cut.evidence_ledger) {
    const summary = summaryEdit(text, fields, cut.evidence_ledger)
    if (summary) edits.push(summary)
  }
  let edited = text
  for (const { start, end, replacement } of edits.sort((a, b) => b.start - a.start)) {
    edited = edited.slice(0, start) + replacement + edited.slice(end)
  }
  return parsed(edited) === undefined ? undefined : { text: edited, cut }
}

function summaryEdit(text: string, fields: readonly FieldRange[], cut: readonly string[]) {
  const existing = fields.filter(({ key }) => key === summaryField)
  const list = fields.find(({ key }) => key === 'evidence_ledger') as FieldRange
  const [old] = existing
  if (old && existing.length === 1) {
    const previous = asSummary(JSON.parse(text.slice(old.value.start, old.value.end)))
    // Another program's field of that name is left alone.
    if (previous === undefined) return undefined
    return { ...old.value, replacement: JSON.stringify(mergeSummaries(previous, summarise(cut))) }
  }
  if (existing.length > 1) return undefined
  // As wide a gap as the file's author leaves before the list's name.
  const gap = /\s*$/.exec(text.slice(0, list.start))?.[0] ?? ''
  const colon = text.slice(list.start, list.value.start).endsWith(' ') ? ': ' : ':'
  const replacement = `,${gap}${JSON.stringify(summaryField)}${colon}${JSON.stringify(summarise(cut))}`
  return { start: list.value.end, end: list.value.end, replacement }
}

const timeFields = ['timestamp', 'time', 'at', 'ts', 'created_at', 'date', 'datetime']

/** Count, time span and means of entries that are cut, each given as JSON on one line. */
export function summarise(entries: readonly string[]): EvidenceSummary {
  const times: number[] = []
  const totals = new Map<string, { sum: number; count: number }>()
  for (const line of entries) {
    const entry: unknown = JSON.parse(line)
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) continue
    const time = entryTime(entry)
    if (time !== undefined) times.push(time)
    for (const [name, value] of Object.entries(entry)) {
      if (typeof value !== 'number' || !Number.isFinite(value) || timeFields.includes(name)) continue
      const total = totals.get(name) ?? { sum: 0, count: 0 }
      totals.set(name, { sum: total.sum + value, count: total.count + 1 })
    }
  }
  const means = [...totals].map(([name, { sum, count }]) => [name, { mean: sum / count, count }] as const)
  return {
    count: entries.length,
    ...(times.length > 0 && {
      from: new Date(times.reduce((a, b) => Math.min(a, b))).toISOString(),
      to: new Date(times.reduce((a, b) => Math.max(a, b))).toISOString(),
    }),
    numeric_fields: Object.fromEntries(means),
  }
}

/** When an entry says it was made, milliseconds since 1970; numbers are taken for seconds or milliseconds by their size. */
export function entryTime(entry: object): number | undefined {
  for (const name of timeFields) {
    const value = (entry as Record<string, unknown>)[name]
    const time =
      typeof value === 'string' ? Date.parse(value) : typeof value === 'number' ? milliseconds(value) : Number.NaN
    if (Number.isFinite(time) && time > 0 && time < 8.64e15) return time
  }
  return undefined
}

/** Seconds since 1970 stay below 1e11 until the year 5138, milliseconds were above it from 1973 on. */
const milliseconds = (value: number): number => (value < 1e11 ? value * 1000 : value)

function mergeSummaries(a: EvidenceSummary, b: EvidenceSummary): EvidenceSummary {
  const numeric = new Map(Object.entries(a.numeric_fields))
  for (const [name, { mean, count }] of Object.entries(b.numeric_fields)) {
    const old = numeric.get(name) ?? { mean: 0, count: 0 }
    const both = old.count + count
    numeric.set(name, { mean: (old.mean * old.count + mean * count) / both, count: both })
  }
  const from = [a.from, b.from].filter((time) => time !== undefined).sort()[0]
  const to = [a.to, b.to]
    .filter((time) => time !== undefined)
    .sort()
    .at(-1)
  return {
    count: a.count + b.count,
    ...(from && { from }),
    ...(to && { to }),
    numeric_fields: Object.fromEntries(numeric),
  }
}

function asSummary(value: unknown): EvidenceSummary | undefined {
  const summary = value as EvidenceSummary | null
  if (typeof summary !== 'object' || summary === null || typeof summary.count !== 'number') return undefined
  const numeric: unknown = summary.numeric_fields
  if (typeof numeric !== 'object' || numeric === null) return undefined
  const wellFormed = Object.values(numeric).every(
    (field: unknown) =>
      typeof (field as { mean?: unknown } | null)?.mean === 'number' &&
      typeof (field as { count?: unknown } | null)?.count === 'number',
  )
  return wellFormed ? summary : undefined
}

/** The value of a JSON text, or undefined where it is none. A byte order mark is allowed. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch {
    return undefined
  }
}
