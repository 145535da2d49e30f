import { clean } from '../calls/result.ts'
import type { Incident } from '../engine/incident.ts'
import type { HaltRecord } from '../session/documents.ts'
import {
  apiNext,
  closeCommand,
  closeFor,
  fleetName,
  holder,
  sharedBy,
  stateNames,
  tripPlace,
  whatNext,
} from './circuit-words.ts'
import { haltText } from './halt-text.ts'
import { html, type Markup } from './markup.ts'
import { moment } from './quantities.ts'
import { sentence } from './sentence.ts'
import type { ApiReport, CircuitReport, StatusReport } from './status-report.ts'

/** The part of the page that says how things stand now. */

type State = CircuitReport['state']

/** Each state has a shape of its own. */
const shapes: Record<State, Markup> = {
  open: html`<circle cx="7" cy="7" r="6" fill="currentColor"/>`,
  forced_open: html`<rect x="1" y="1" width="12" height="12" rx="1.5" fill="currentColor"/>`,
  half_open: html`<circle cx="7" cy="7" r="5.2" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M7 1.8a5.2 5.2 0 0 1 0 10.4z" fill="currentColor"/>`,
  disabled: html`<circle cx="7" cy="7" r="5.2" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M4.2 7h5.6" stroke="currentColor" stroke-width="1.6"/>`,
  closed: html`<circle cx="7" cy="7" r="5.2" fill="none" stroke="currentColor" stroke-width="1.6"/>`,
}
const refusing: ReadonlySet<State> = new Set(['open', 'forced_open'])

/** A state as a shape and a word. */
export const stateMark = (state: State): Markup =>
  html`<span class="state${refusing.has(state) ? ' alert' : ''}"><svg aria-hidden="true" width="14" height="14">${shapes[state]}</svg>${stateNames[state]}</span>`

/** One sentence for what matters most. */
export function headline({ mode, circuits, llmApi }: StatusReport, halt: HaltRecord | null): string {
  if (mode === 'off') return 'Breakerbox is switched off'
  if (halt !== null) return 'A run was halted and waits for an answer'
  const states: readonly State[] = [...circuits, ...(llmApi === undefined ? [] : [llmApi])].map(({ state }) => state)
  const open = states.filter((state) => refusing.has(state)).length
  const half = states.filter((state) => state === 'half_open').length
  const number = (count: number): string => `${count} ${count === 1 ? 'circuit is' : 'circuits are'}`
  const said = [
    ...(open > 0 ? [`${number(open)} open`] : []),
    ...(half > 0 ? [`${open > 0 ? half : number(half)} half-open`] : []),
  ]
  const now = said.length === 0 ? 'All circuits are closed' : said.join(', ')
  return mode === 'observe' ? `${now}, and nothing is refused: Breakerbox only observes` : now
}

/** The halt, the circuits that are not closed, and those that closed lately. */
export function nowSection(status: StatusReport, halt: HaltRecord | null, incidents: readonly Incident[]): Markup {
  const { circuits, llmApi, mode } = status
  const server = fleetName(status)
  const cards = [
    ...(halt === null ? [] : [haltCard(halt)]),
    ...circuits.filter(({ state }) => state !== 'closed').map((circuit) => circuitCard(circuit, mode, server)),
    ...(llmApi === undefined ? [] : [apiCard(llmApi, mode, server)]),
  ]
  return html`
<section aria-labelledby="now">
<div class="section-head"><h2 id="now">Circuits</h2><p class="soft small">all that are not listed are closed</p></div>
${cards.length === 0 ? calm : html`<ul class="cards">${cards}</ul>`}
${closedLately(incidents)}
</section>`
}

const calm = html`<div class="card calm"><svg aria-hidden="true" width="22" height="22"><circle cx="11" cy="11" r="9.2" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M6.8 11.3l2.9 2.9 5.6-6" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/></svg><div><p><b>Nothing is refused.</b></p><p class="soft small">A circuit opens when the same call fails, or repeats, without progress. Then only that call is refused, and it is shown here with the reason and the way to close it.</p></div></div>`

function circuitCard(circuit: CircuitReport, mode: StatusReport['mode'], server: string): Markup {
  const { state, subject, pattern, lastTrip, trips, level, denials, scope } = circuit
  const next = mode === 'enforce' ? whatNext(circuit) : `nothing is refused in mode ${mode}`
  return html`
<li class="card${refusing.has(state) ? ' alert' : ''}">
<div class="card-head">${stateMark(state)}<h3><code>${clean(subject, 200)}</code></h3><span class="pattern">${pattern}</span></div>
<p class="what">${sentence(next)}</p>
<dl class="facts">
<dt>Why</dt><dd>${clean(lastTrip.reason, 300)}</dd>
<dt>Last trip</dt><dd>${moment(lastTrip.at)}, ${tripPlace(circuit)}</dd>
<dt>So far</dt><dd>trip ${trips}, backoff level ${level}${denials > 0 ? `, refused ${denials} × since` : ''}</dd>
<dt>Held back</dt><dd>${holder(circuit, server)}</dd>
<dt>${sentence(closeFor(scope), '')}</dt><dd><code>${closeCommand(scope, pattern)}</code></dd>
</dl>
</li>`
}

function apiCard(api: ApiReport, mode: StatusReport['mode'], server: string): Markup {
  const { state, scope, failures, reason } = api
  return html`
<li class="card${refusing.has(state) ? ' alert' : ''}">
<div class="card-head">${stateMark(state)}<h3>The model’s API</h3><span class="pattern">llm_api</span></div>
<p class="what">${sentence(mode === 'enforce' ? apiNext(api) : `nothing waits in mode ${mode}`)}</p>
<dl class="facts">
${reason === null ? undefined : html`<dt>Why</dt><dd>${clean(reason, 300)}</dd>`}
${state === 'closed' ? html`<dt>So far</dt><dd>${failures} failures in a row</dd>` : undefined}
<dt>Held back</dt><dd>${sharedBy(scope, server)}</dd>
<dt>${sentence(closeFor(scope), '')}</dt><dd><code>${closeCommand(scope, 'llm_api')}</code></dd>
</dl>
</li>`
}

function haltCard(halt: HaltRecord): Markup {
  const [who = '', what = ''] = haltText(halt)
  return html`
<li class="card alert">
<div class="card-head"><span class="state alert"><svg aria-hidden="true" width="14" height="14"><path d="M4.4 1h5.2L13 4.4v5.2L9.6 13H4.4L1 9.6V4.4z" fill="currentColor"/></svg>HALTED</span><h3>${who}</h3></div>
<p class="what">${what}</p>
${ways(halt.howToContinue ?? [])}
</li>`
}

const ways = (all: readonly string[]): Markup | undefined =>
  all.length === 0
    ? undefined
    : html`<dl class="facts"><dt>To go on</dt><dd>${all.map((way) => html`<p>${clean(way, 300)}</p>`)}</dd></dl>`

const mostClosed = 6

function closedLately(incidents: readonly Incident[]): Markup | undefined {
  const closed = incidents.filter(
    ({ kind, pattern }) => (kind === 'recovery' || kind === 'reset') && pattern !== undefined,
  )
  if (closed.length === 0) return undefined
  const shown = closed.slice(-mostClosed).reverse()
  const rest = closed.length - shown.length
  return html`
<div class="scroll" tabindex="0" role="region" aria-label="Circuits that closed in the last 24 hours">
<table>
<caption>Closed in the last 24 hours${rest > 0 ? `, the last ${mostClosed} of ${closed.length}` : ''}</caption>
<thead><tr><th scope="col">Operation</th><th scope="col">How</th><th scope="col">When (UTC)</th></tr></thead>
<tbody>${shown.map(
    ({ subject, pattern, kind, at }) => html`
<tr><th scope="row" class="wide"><code>${clean(subject ?? '', 160)}</code><span class="under">${pattern}</span></th><td>${kind === 'reset' ? 'by hand' : 'its probe passed'}</td><td class="nowrap">${at.slice(5, 16).replace('T', ' ')}</td></tr>`,
  )}</tbody>
</table>
</div>`
}
