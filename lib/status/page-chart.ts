import type { Incident } from '../engine/incident.ts'
import type { Counts, DayReport } from './history.ts'
import { html, type Markup } from './markup.ts'
import { counted } from './quantities.ts'

/** One strip of the timeline. */
interface Strip {
  readonly name: string
  readonly kinds: readonly Incident['kind'][]
  /** How one of them is called in the sentence about a day. */
  readonly noun: string
}

/** What the timeline tells, one strip of bars each, so that no colour has to tell them apart. */
const strips: readonly Strip[] = [
  { name: 'Tripped', kinds: ['trip'], noun: 'trip' },
  { name: 'Would have tripped', kinds: ['observed'], noun: 'observed trip' },
  { name: 'Calls refused', kinds: ['denial'], noun: 'refused call' },
  { name: 'Opened again by a failed probe', kinds: ['reopen'], noun: 'failed probe' },
  { name: 'Closed again', kinds: ['recovery', 'reset'], noun: 'closed circuit' },
  { name: 'Warned', kinds: ['warning'], noun: 'warning' },
  { name: 'Runs halted', kinds: ['halt'], noun: 'halted run' },
]

/** CSS pixels: of a strip, of the room for the number above a bar, of the lowest bar. */
const height = 46
const headroom = 17
const lowest = 3
/** Share of a day's column that its bar takes. */
const filled = 0.58

/**
 * Bars by day, a strip for each kind. Across, everything is a share of the width, so that the picture fits any; down, and in
 * the letters, it is pixels, so that nothing is stretched.
 */
export function timeline(perDay: readonly DayReport[]): Markup {
  const shown = strips.filter((each) => perDay.some(({ counts }) => total(counts, each) > 0))
  // One scale for all, or one warning would look like ten trips.
  const top = Math.max(...shown.flatMap((each) => perDay.map(({ counts }) => total(counts, each))))
  return html`${shown.map((each) => stripOf(each, perDay, top))}${axis(perDay)}`
}

const total = (counts: Counts, { kinds }: Strip): number => kinds.reduce((sum, kind) => sum + (counts[kind] ?? 0), 0)

function stripOf(strip: Strip, perDay: readonly DayReport[], top: number): Markup {
  const values = perDay.map(({ counts }) => total(counts, strip))
  const sum = values.reduce((all, each) => all + each, 0)
  const most = Math.max(...values)
  const busy = values.filter((value) => value > 0).length
  const peak = perDay[values.lastIndexOf(most)]?.day ?? ''
  const told = `${strip.name} per day: ${sum} on ${busy} of ${counted(values.length, 'day')}, most on ${peak} (${most})`
  return html`
<div class="strip">
<p class="strip-name">${strip.name} <b>${sum}</b></p>
<svg role="img" aria-label="${told}" width="100%" height="${height}">
<line class="base" x1="0" x2="100%" y1="${height - 0.5}" y2="${height - 0.5}"/>
${values.map((value, index) => (value === 0 ? undefined : bar(value, top, index, values.length, `${perDay[index]?.day}: ${counted(value, strip.noun)}`)))}</svg>
</div>`
}

function bar(value: number, highest: number, index: number, of: number, told: string): Markup {
  const column = 100 / of
  const tall = Math.max(lowest, Math.round((value / highest) * (height - headroom - 1)))
  const left = column * (index + (1 - filled) / 2)
  const top = height - 1 - tall
  return html`<g><title>${told}</title><rect class="bar" x="${percent(left)}" y="${top}" width="${percent(column * filled)}" height="${tall}" rx="1.5"/><text x="${percent(column * (index + 0.5))}" y="${top - 5}">${value}</text></g>
`
}

/** The days' numbers, with the month where it is another. */
function axis(perDay: readonly DayReport[]): Markup {
  const column = 100 / perDay.length
  return html`
<svg class="axis" aria-hidden="true" width="100%" height="34">
${perDay.map(({ day }, index) => {
  const isFirst = index === 0 || day.endsWith('-01')
  const x = percent(column * (index + 0.5))
  return html`<text x="${x}" y="14">${Number(day.slice(8))}</text>${isFirst ? html`<text class="month" x="${x}" y="29">${months[Number(day.slice(5, 7)) - 1]}</text>` : undefined}
`
})}</svg>`
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** How much of a limit is used, as a bar. What it says stands beside it in words. */
export function gaugeBar(value: number, limit: number): Markup {
  const share = limit === 0 ? 1 : value / limit
  // A little must be seen as a little, not as nothing.
  const shown = value === 0 ? 0 : Math.min(100, Math.max(1.5, share * 100))
  const over = share >= 1 ? ' over' : ''
  return html`<svg class="gauge${over}" aria-hidden="true" width="100%" height="8"><rect class="track" width="100%" height="8" rx="4"/><rect class="fill" width="${percent(shown)}" height="8" rx="4"/></svg>`
}

const percent = (value: number): string => `${Number(value.toFixed(2))}%`
