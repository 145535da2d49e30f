import { clean } from '../calls/result.ts'
import type { HistoryReport } from './history.ts'
import { columnsFor, tells } from './history-columns.ts'
import { alarmWords, timeLines } from './history-text.ts'
import type { Suggestion } from './limit-advice.ts'
import { html, type Markup } from './markup.ts'
import { timeline } from './page-chart.ts'
import { counted, span } from './quantities.ts'
import { sentence } from './sentence.ts'

/** The parts of the page that say what has been. */

const mostSubjects = 8

/** Incidents over the days: the sums, the bars, and the table behind them. */
export function pastSection(history: HistoryReport): Markup {
  const { days, patterns } = history
  return html`
<section aria-labelledby="past">
<div class="section-head"><h2 id="past">The last ${days} days</h2><p class="soft small">${history.from.slice(0, 10)} to ${history.to.slice(0, 10)}, days in UTC</p></div>
${patterns.length === 0 ? nothing(days) : timelineOf(history)}
</section>`
}

const nothing = (days: number): Markup =>
  html`<p>Nothing tripped and nothing was refused in ${counted(days, 'day')}. Trips, refusals and recoveries will stand here, day by day.</p>`

function timelineOf(history: HistoryReport): Markup {
  const { counts, time, perDay } = history
  const times = timeLines(time)
  return html`
<dl class="figures">
${figure('trips', counts.trip ?? 0)}${figure('calls refused', counts.denial ?? 0)}${figure('runs halted', counts.halt ?? 0)}
${time.loopedSeconds === null ? undefined : figure('in loops before they tripped', span(time.loopedSeconds))}
${time.savedSeconds === null || time.refusals === 0 ? undefined : figure('saved, an estimate', `~ ${span(time.savedSeconds)}`)}
</dl>
<figure aria-label="Incidents by day">${timeline(perDay)}</figure>
<details><summary>The same as a table</summary>${dayTable(history)}</details>
${times.length === 0 ? undefined : html`<p class="note">${times.join(' ')}</p>`}`
}

const figure = (name: string, value: number | string): Markup => html`<div><dt>${name}</dt><dd>${value}</dd></div>`

function dayTable(history: HistoryReport): Markup {
  const shown = columnsFor(history)
  const rows = history.perDay.filter(({ counts }) => tells(counts, shown)).toReversed()
  return html`
<div class="scroll" tabindex="0" role="region" aria-label="Incidents by day, as a table">
<table>
<caption>Days on which nothing happened are left out.</caption>
<thead><tr><th scope="col">Day (UTC)</th>${shown.map(([head]) => html`<th scope="col" class="number">${head}</th>`)}<th scope="col">Tripped</th></tr></thead>
<tbody>${rows.map(
    ({ day, counts, trips }) => html`
<tr><th scope="row" class="nowrap">${day}</th>${shown.map(([, kind]) => number(counts[kind] ?? 0))}<td>${Object.entries(
      trips,
    )
      .map(([pattern, count]) => (count === 1 ? pattern : `${pattern} ${count}`))
      .join(', ')}</td></tr>`,
  )}</tbody>
</table>
</div>`
}

/** A cell with a number; a zero steps back. */
export const number = (value: number): Markup => html`<td class="number${value === 0 ? ' zero' : ''}">${value}</td>`

/** What looped most; nothing where nothing did. */
export function subjectSection({ subjects }: HistoryReport): Markup | undefined {
  if (subjects.length === 0) return undefined
  return html`
<section aria-labelledby="subjects">
<div class="section-head"><h2 id="subjects">Most looped operations</h2></div>
<div class="scroll" tabindex="0" role="region" aria-label="Most looped operations">
<table>
<thead><tr><th scope="col">Operation</th><th scope="col" class="number">Trips</th><th scope="col" class="number">Refused</th><th scope="col" class="number">Halts</th><th scope="col">Last trip (UTC)</th></tr></thead>
<tbody>${subjects.slice(0, mostSubjects).map(
    ({ subject, pattern, trips, refused, halts, lastTrip }) => html`
<tr><th scope="row" class="wide"><code>${clean(subject, 160)}</code><span class="under">${pattern}</span></th>${number(trips)}${number(refused)}${number(halts)}<td class="nowrap flow">${lastTrip.slice(5, 16).replace('T', ' ')}</td></tr>`,
  )}</tbody>
</table>
</div>
</section>`
}

/** What speaks against refusals, and which limits are worth changing; nothing where nothing tripped. */
export function adviceSection(history: HistoryReport): Markup | undefined {
  const { falseAlarms, suggestions } = history
  if (falseAlarms.trips === 0) return undefined
  const signs = alarmWords(history)
  const trips = counted(falseAlarms.trips, 'trip')
  return html`
<section aria-labelledby="advice">
<div class="section-head"><h2 id="advice">False alarms</h2></div>
<p>${
    signs.length === 0
      ? `Of ${trips}, none was lifted by a person or over at the first probe.`
      : `Of ${trips}: ${signs.join('; ')}.`
  } ${suggestions.length === 0 ? 'That is no ground for changing a limit.' : ''}</p>
${suggestions.map(adviceCard)}
</section>`
}

const adviceCard = ({ field, current, proposed, because, config, tryWith }: Suggestion): Markup => html`
<div class="card advice">
<h3>Worth changing: <code>${field}</code> from ${current} to ${proposed}</h3>
<p class="what">${sentence(because)}</p>
<p class="step">Try it on recorded sessions</p><pre>${tryWith}</pre>
<p class="step">Then put it into <code>.claude/memory/circuit_breaker_config.json</code></p><pre>${JSON.stringify(config, null, 2)}</pre>
</div>`
