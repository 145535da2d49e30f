/**
 * How the page looks. Ink on paper and one accent, which means: look here. States are told by words and shapes as well.
 * All colours of text have a contrast of 4.5 to 1 at least on their ground, light and dark; a test measures it.
 */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #1d1c1a; --soft: #5f5b54; --line: #e4e0d8; --track: #ebe7df;
  --bar: #4a4741; --accent: #b4400f; --wash: #fdf1ea;
  --text: ui-sans-serif, system-ui, -apple-system, "Segoe UI", "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif;
  --code: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #161513; --card: #1e1d1a; --ink: #eceae5; --soft: #a8a399; --line: #34322d; --track: #34322d;
    --bar: #b9b4a9; --accent: #ff9a66; --wash: #2b201a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 var(--text); font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.page { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1, h2, h3, p, ul, ol, dl, dd, table, figure { margin: 0; padding: 0; }
ul, ol { list-style: none; }
h1 { font-size: 2.1rem; line-height: 1.2; letter-spacing: -0.022em; font-weight: 650; text-wrap: balance; }
h2 { font-size: 1.15rem; line-height: 1.3; letter-spacing: -0.01em; font-weight: 650; }
h3 { font-size: 1rem; font-weight: 600; }
b, th { font-weight: 600; }
code { font: 0.92em/1.5 var(--code); overflow-wrap: anywhere; unicode-bidi: isolate; }
.soft { color: var(--soft); }
.small { font-size: 0.875rem; }
.nowrap { white-space: nowrap; }
header { padding-bottom: 2.25rem; }
.masthead { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; justify-content: space-between; align-items: baseline; margin-bottom: 2.25rem; font-size: 0.875rem; color: var(--soft); }
.brand { color: var(--ink); font-weight: 650; letter-spacing: -0.005em; display: inline-flex; align-items: center; gap: 0.55rem; }
.brand svg { display: block; color: var(--accent); }
.where { margin-top: 0.6rem; color: var(--soft); }
section { padding: 1.9rem 0; border-top: 1px solid var(--line); }
.section-head { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; justify-content: space-between; align-items: baseline; margin-bottom: 1.1rem; }
.note { margin-top: 0.9rem; color: var(--soft); font-size: 0.875rem; max-width: 46rem; }
.cards { display: grid; gap: 0.9rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem 1.2rem; }
.card.alert { border-color: var(--accent); background: var(--wash); }
.card-head { display: flex; flex-wrap: wrap; gap: 0.2rem 0.9rem; align-items: center; }
.card-head h3 { min-width: 0; }
.state { display: inline-flex; align-items: center; gap: 0.45rem; font-size: 0.8rem; font-weight: 650; letter-spacing: 0.04em; white-space: nowrap; }
.state svg { display: block; flex: none; }
.state.alert { color: var(--accent); }
.pattern { margin-left: auto; color: var(--soft); font-size: 0.875rem; }
.what { margin-top: 0.45rem; }
.facts { margin-top: 0.9rem; display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.25rem 1.25rem; font-size: 0.9rem; }
.facts dt { color: var(--soft); }
.calm { display: flex; gap: 0.9rem; align-items: flex-start; }
.calm svg { flex: none; margin-top: 0.2rem; color: var(--soft); }
.figures { display: flex; flex-wrap: wrap; gap: 1rem 2.6rem; margin-bottom: 1.75rem; }
.figures dt { color: var(--soft); font-size: 0.875rem; }
.figures dd { font-size: 1.6rem; line-height: 1.25; letter-spacing: -0.02em; font-weight: 600; white-space: nowrap; }
.figures div { display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.strip { margin-top: 0.9rem; }
.strip-name { font-size: 0.875rem; color: var(--soft); }
.strip-name b { color: var(--ink); margin-left: 0.3rem; }
.strip svg, .axis { display: block; overflow: visible; }
.strip text, .axis text { font: 500 11.5px/1 var(--text); fill: var(--ink); text-anchor: middle; }
.axis text { fill: var(--soft); font-weight: 400; }
.base { stroke: var(--line); }
.bar { fill: var(--bar); }
details { margin-top: 1rem; }
summary { cursor: pointer; color: var(--soft); font-size: 0.875rem; width: fit-content; }
summary:hover { color: var(--ink); }
summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 3px; }
.scroll { overflow-x: auto; }
.cards + .scroll, .card + .scroll, .scroll + .scroll { margin-top: 1.4rem; }
details .scroll { margin-top: 0.75rem; }
table { width: 100%; border-collapse: collapse; font-size: 0.9rem; }
caption { text-align: left; color: var(--soft); font-size: 0.875rem; padding-bottom: 0.4rem; }
th, td { overflow-wrap: break-word; text-align: left; vertical-align: baseline; padding: 0.5rem 1rem 0.5rem 0; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-weight: 500; font-size: 0.8rem; white-space: nowrap; }
tbody th { font-weight: 400; }
tr:last-child > * { border-bottom: 0; }
.number { text-align: right; white-space: nowrap; }
.zero { color: var(--soft); }
.wide { min-width: 9rem; width: 60%; }
.under { display: block; overflow-wrap: anywhere; color: var(--soft); font-size: 0.8rem; }
.bars td.gauge-cell { width: 38%; min-width: 6rem; vertical-align: middle; }
.gauge { display: block; }
.track { fill: var(--track); }
.fill { fill: var(--bar); }
.over .fill, .alert-text { fill: var(--accent); color: var(--accent); }
.alert-text { font-weight: 600; }
.advice { margin-top: 0.9rem; }
.advice:first-of-type { margin-top: 0; }
pre { margin: 0.35rem 0 0; padding: 0.7rem 0.9rem; background: var(--card); border: 1px solid var(--line); border-radius: 7px; white-space: pre-wrap; font: 0.85rem/1.5 var(--code); }
.card pre { background: var(--paper); }
.step { margin-top: 0.8rem; font-size: 0.875rem; color: var(--soft); }
footer { border-top: 1px solid var(--line); padding-top: 1.25rem; color: var(--soft); font-size: 0.875rem; }
footer p + p { margin-top: 0.35rem; }
@media (max-width: 36rem) {
  .page { padding: 1.5rem 1.1rem 3rem; }
  h1 { font-size: 1.65rem; }
  .masthead { margin-bottom: 1.5rem; }
  header { padding-bottom: 1.6rem; }
  section { padding: 1.5rem 0; }
  .card { padding: 0.95rem 1rem 1rem; }
  .pattern { margin-left: 0; }
  .facts { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .facts dd { margin-bottom: 0.5rem; }
  .figures { gap: 0.9rem 1.8rem; }
  .figures dd { font-size: 1.35rem; }
  .strip text, .axis text { font-size: 10.5px; }
  th, td { padding-right: 0.7rem; }
  thead th, td.flow { white-space: normal; }
  .wide { min-width: 7.5rem; }
  .bars .number { white-space: normal; }
  .bars .number span { display: block; white-space: nowrap; }
  .bars td.gauge-cell { width: 26%; min-width: 4rem; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --track: #ddd; --bar: #333; --accent: #8a2d06; --wash: #fff;
  }
  body { font-size: 11pt; }
  .page { max-width: none; padding: 0; }
  .card, .strip, tr, .advice { break-inside: avoid; }
  h2, .section-head { break-after: avoid; }
  .scroll { overflow: visible; }
  svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`
