import type { Incident } from '../engine/incident.ts'
import type { Counts, HistoryReport } from './history.ts'

/** What a table of days or patterns shows of the kinds of incidents, and what they are called there. */
const columns = [
  ['Trips', 'trip'],
  ['Refused', 'denial'],
  ['Bypassed', 'bypass'],
  ['Warned', 'warning'],
  ['Observed', 'observed'],
  ['Reopened', 'reopen'],
  ['Closed', 'recovery'],
  ['Reset', 'reset'],
  ['Halts', 'halt'],
] as const satisfies readonly (readonly [string, Incident['kind']])[]

export type Columns = readonly (typeof columns)[number][]

/** Trips and refusals, and the others that have something to say. */
export const columnsFor = ({ counts }: Pick<HistoryReport, 'counts'>): Columns =>
  columns.filter(([, kind], index) => index < 2 || (counts[kind] ?? 0) > 0)

/** Whether any of the columns has something to say. */
export const tells = (counts: Counts, shown: Columns): boolean => shown.some(([, kind]) => (counts[kind] ?? 0) > 0)
