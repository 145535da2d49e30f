import { clean } from '../calls/result.ts'
import type { MemoryReport } from '../memory/memory-report.ts'
import type { ChangedLimit } from './changed-limits.ts'
import type { HookReport } from './hook-report.ts'
import { html, type Markup } from './markup.ts'
import { gaugeBar } from './page-chart.ts'
import { stateMark } from './page-circuits.ts'
import { number } from './page-past.ts'
import { counted, inTime, moment, size } from './quantities.ts'

/** The parts of the page that hold what is kept and what is set. */

export function memorySection({ problem, ...memory }: MemoryReport): Markup {
  return html`
<section aria-labelledby="memory">
<div class="section-head"><h2 id="memory">Memory folder</h2><p class="soft small">against its limits</p></div>
${problem === undefined ? memoryTable(memory) : html`<p class="alert-text">${clean(problem, 300)}</p>`}
</section>`
}

function memoryTable(memory: MemoryReport): Markup {
  const { totalBytes, limitBytes, telemetry, sessions, archives, sessionArchives, own, next } = memory
  const plain = (value: number): string => `${value}`
  return html`
<table class="bars">
<thead><tr><th scope="col">What</th><th scope="col">Used</th><th scope="col" class="number">Of</th></tr></thead>
<tbody>
${row('All of it', totalBytes, limitBytes, size)}
${telemetry.map(({ file, bytes, limitBytes: most }) => row(html`<code>${clean(file, 80)}</code>`, bytes, most, size))}
${row(`Packed logs, ${counted(archives.count, 'file')} of ${archives.limit}`, archives.bytes, limitBytes, size)}
${row(`Packed sessions, ${counted(sessionArchives.count, 'file')}`, sessionArchives.bytes, limitBytes, size)}
${row('Session files of other tools', sessions.active, sessions.limit, plain)}
${row('Circuits and state', own.state.bytes, own.state.limitBytes, size)}
${row('Calls remembered, longest session', own.windows.mostEntries, own.windows.limitEntries, plain)}
${row('Inputs that wait', own.spool.count, own.spool.limit, plain)}
</tbody>
</table>
<p class="note">${
    next.length === 0
      ? 'The next cleanup has nothing to do.'
      : `The next cleanup, at the next session start: ${next
          .slice(0, 5)
          .map((action) => clean(action, 160))
          .join('; ')}${next.length > 5 ? `; and ${next.length - 5} more` : ''}.`
  }</p>`
}

function row(name: string | Markup, value: number, limit: number, show: (value: number) => string): Markup {
  const over = value >= limit ? html` <span class="alert-text">at its limit</span>` : undefined
  return html`<tr><th scope="row">${name}${over}</th><td class="gauge-cell">${gaugeBar(value, limit)}</td><td class="number"><span>${show(value)}</span> <span class="soft">of ${show(limit)}</span></td></tr>
`
}

const mostHooks = 12

export function hookSection({ guarded, unguarded, transcripts }: HookReport): Markup {
  const { files, days } = transcripts
  return html`
<section aria-labelledby="hooks">
<div class="section-head"><h2 id="hooks">Hooks of others</h2><p class="soft small">run times, and how often they failed</p></div>
${guarded.length === 0 ? undefined : guardedTable(guarded)}
${unguarded.length === 0 ? undefined : unguardedTable(unguarded, days)}
${guarded.length + unguarded.length > 0 ? undefined : html`<p>No guarded hook has run yet, and the client recorded none in this project in the last ${days} days.</p>`}
<p class="note">${guarded.length === 0 ? html`<code>breakerbox guard-hooks</code> puts a circuit breaker around each hook of a project. ` : undefined}Guarded hooks are all of this user’s. Of the others the client records those that printed something, failed or were ended; ${files === 0 ? 'no transcript' : counted(files, 'transcript')} of this project ${files > 1 ? 'were' : 'was'} read. More: <code>hook-health</code>.</p>
</section>`
}

function guardedTable(guarded: HookReport['guarded']): Markup {
  return hookTable(
    `Guarded${cut(guarded.length)}`,
    ['State', 'Runs', 'Failed'],
    guarded.slice(0, mostHooks).map(({ command, state, runs, failures, medianMs, p95Ms, lastError }) => ({
      command,
      medianMs,
      p95Ms,
      cells: html`<td class="nowrap">${stateMark(state)}</td>${number(runs)}${number(failures)}`,
      more: state === 'closed' || lastError === null ? undefined : `last error: ${clean(lastError, 200)}`,
    })),
  )
}

function unguardedTable(unguarded: HookReport['unguarded'], days: number): Markup {
  return hookTable(
    `Without a guard, last ${days} days${cut(unguarded.length)}`,
    ['Runs', 'Failed', 'Timed out'],
    unguarded.slice(0, mostHooks).map(({ command, runs, failed, timedOut, medianMs, p95Ms, slowest }) => ({
      command,
      medianMs,
      p95Ms,
      cells: html`${number(runs)}${number(failed)}${number(timedOut)}`,
      more:
        slowest === null
          ? undefined
          : `slowest: ${inTime(slowest.ms)} on ${clean(slowest.hook, 60)}, ${moment(slowest.at)}`,
    })),
  )
}

const cut = (count: number): string => (count > mostHooks ? `, the first ${mostHooks} of ${count}` : '')

interface HookRow {
  readonly command: string
  readonly medianMs: number | null
  readonly p95Ms: number | null
  readonly cells: Markup
  readonly more: string | undefined
}

function hookTable(caption: string, heads: readonly string[], rows: readonly HookRow[]): Markup {
  return html`
<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
<table>
<caption>${caption}</caption>
<thead><tr><th scope="col">Hook</th>${heads.map((head) => (head === 'State' ? html`<th scope="col">${head}</th>` : html`<th scope="col" class="number">${head}</th>`))}<th scope="col" class="number">Median</th><th scope="col" class="number">95 %</th></tr></thead>
<tbody>${rows.map(
    ({ command, medianMs, p95Ms, cells, more }) => html`
<tr><th scope="row" class="wide"><code>${clean(command, 160)}</code>${more === undefined ? undefined : html`<span class="under">${more}</span>`}</th>${cells}<td class="number">${inTime(medianMs)}</td><td class="number">${inTime(p95Ms)}</td></tr>`,
  )}</tbody>
</table>
</div>`
}

export function limitSection(changed: readonly ChangedLimit[], problems: readonly string[]): Markup {
  return html`
<section aria-labelledby="limits">
<div class="section-head"><h2 id="limits">Limits of your own</h2><p class="soft small"><code>.claude/memory/circuit_breaker_config.json</code></p></div>
${changed.length === 0 ? html`<p>Every limit is at its default.</p>` : limitTable(changed)}
${problems.map((problem) => html`<p class="note"><span class="alert-text">Wrong value:</span> ${clean(problem, 300)}</p>`)}
</section>`
}

const limitTable = (changed: readonly ChangedLimit[]): Markup => html`
<div class="scroll" tabindex="0" role="region" aria-label="Limits that are not at their default">
<table>
<thead><tr><th scope="col">Field</th><th scope="col">Here</th><th scope="col">Default</th></tr></thead>
<tbody>${changed.map(
  ({ field, value, standard }) => html`
<tr><th scope="row"><code>${clean(field, 120)}</code></th><td><code>${clean(JSON.stringify(value), 160)}</code></td><td class="soft"><code>${clean(JSON.stringify(standard), 160)}</code></td></tr>`,
)}</tbody>
</table>
</div>`
