import { clean } from '../calls/result.ts'
import type { Incident } from '../engine/incident.ts'
import type { HaltRecord } from '../session/documents.ts'
import type { ChangedLimit } from './changed-limits.ts'
import { fleetWords } from './circuit-words.ts'
import type { HistoryReport } from './history.ts'
import { readWords } from './history-text.ts'
import type { HookReport } from './hook-report.ts'
import { html, Markup } from './markup.ts'
import { headline, nowSection } from './page-circuits.ts'
import { adviceSection, pastSection, subjectSection } from './page-past.ts'
import { pageStyle } from './page-style.ts'
import { hookSection, limitSection, memorySection } from './page-tables.ts'
import { moment } from './quantities.ts'
import type { StatusReport } from './status-report.ts'

/** What a page is made from. */
export interface PageFacts {
  /** Absolute path. */
  readonly project: string
  readonly version: string
  readonly status: StatusReport
  readonly halt: HaltRecord | null
  /** Those of the last 24 hours. */
  readonly lately: readonly Incident[]
  readonly history: HistoryReport
  readonly hooks: HookReport
  readonly changedLimits: readonly ChangedLimit[]
  /** Why there is nothing to see, where no hook has ever run; with what to do. */
  readonly absence: string | undefined
}

/** What every page of ours has near its beginning. */
const generator = '<meta name="generator" content="Breakerbox '
/** Bytes of a file's beginning that tell whether it is such a page. */
export const pageHeadBytes = 1024
export const isPage = (head: string): boolean => head.startsWith('<!doctype html>') && head.includes(generator)

/**
 * A project's status as one page that needs nothing else: no script, no request, no font. Its policy forbids the browser
 * whatever it does not need, should a text of the project ever get through as more than text.
 *
 * @param now milliseconds since 1970.
 */
export async function statusPage(facts: PageFacts, now: number): Promise<string> {
  const { project, version, status, halt, lately, history, hooks, changedLimits, absence } = facts
  const name = clean(project, 300)
  const title = headline(status, halt)
  const { fleet } = status
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${await policy()}">
${new Markup(generator)}${clean(version, 40)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title} · Breakerbox</title>
<style>${new Markup(pageStyle)}</style>
</head>
<body>
<div class="page">
<header>
<div class="masthead"><p class="brand">${brand}Breakerbox</p><p>as of <time datetime="${new Date(now).toISOString()}">${moment(new Date(now).toISOString())}</time></p></div>
<h1>${title}</h1>
<p class="where"><code>${name}</code></p>
${fleet === undefined ? undefined : html`<p class="where">Fleet: ${fleetWords(fleet).text}</p>`}
${absence === undefined ? undefined : html`<p class="where"><span class="alert-text">No hook has run in this folder yet.</span> ${clean(absence, 400)}</p>`}
</header>
<main>
${nowSection(status, halt, lately)}
${pastSection(history)}
${subjectSection(history)}
${adviceSection(history)}
${memorySection(status.memory)}
${hookSection(hooks)}
${limitSection(changedLimits, [...(status.configProblems ?? []), ...(hooks.configProblems ?? [])])}
</main>
<footer>
<p>${readWords(history)} All times are UTC.</p>
<p>Made by <code>circuit-status --html</code>, Breakerbox ${version}. It does not renew itself. The same in a terminal: <code>circuit-status --memory</code>, <code>breakerbox history</code>, <code>hook-health</code>.</p>
</footer>
</div>
</body>
</html>
`.text
}

/** What the browser may do for a page: show text, in this style. */
async function policy(): Promise<string> {
  // Loading this takes as long as all else that a status needs.
  const { createHash } = await import('node:crypto')
  const style = createHash('sha256').update(pageStyle).digest('base64')
  return `default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'`
}

/** A switch that is open. */
const brand = html`<svg aria-hidden="true" width="26" height="14"><path d="M1 11h6M19 11h6" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"/><path d="M7 11L17.5 3.2" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"/><circle cx="7" cy="11" r="2.1" fill="currentColor"/><circle cx="19" cy="11" r="2.1" fill="currentColor"/></svg>`
