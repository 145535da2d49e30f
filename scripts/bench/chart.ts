import type { Bar } from './part.ts'

const width = 720
const left = 170
const right = 150
const rowHeight = 44
const barHeight = 22
const top = 56

/**
 * Bars with their ranges, as SVG text. The first bar is filled and the others are hatched, and each has its figure beside
 * it, so that it can be read without colours; these follow the reader's light or dark page.
 */
export function chart(bars: readonly Bar[], title: string): string {
  const height = top + bars.length * rowHeight + 16
  const most = Math.max(...bars.map(({ high }) => high), 1)
  const x = (value: number) => left + (Math.max(0, value) / most) * (width - left - right)
  const description = bars.map((bar) => `${bar.name} ${rangeText(bar)}`).join('; ')
  const rows = bars.map((bar, i) => {
    const middle = top + i * rowHeight + rowHeight / 2
    const low = x(bar.low).toFixed(1)
    const high = x(bar.high).toFixed(1)
    return [
      `  <text class="name" x="${left - 12}" y="${middle + 5}" text-anchor="end">${escaped(bar.name)}</text>`,
      `  <rect class="${i === 0 ? 'ours' : 'other'}" x="${left}" y="${middle - barHeight / 2}" width="${(x(bar.middle) - left).toFixed(1)}" height="${barHeight}"/>`,
      `  <path class="range" d="M${low} ${middle}H${high}M${low} ${middle - 6}V${middle + 6}M${high} ${middle - 6}V${middle + 6}"/>`,
      `  <text x="${Number(high) + 10}" y="${middle + 5}">${rangeText(bar)}</text>`,
    ].join('\n')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description">
  <title id="title">${escaped(title)}</title>
  <desc id="description">${escaped(description)}</desc>
  <style>
    svg { --ink: #1f2328; --ours: #0969da; --other: #6e7781; color-scheme: light dark }
    @media (prefers-color-scheme: dark) { svg { --ink: #e6edf3; --ours: #58a6ff; --other: #9198a1 } }
    text { font: 14px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: var(--ink) }
    .title { font-weight: 600 }
    .ours { fill: var(--ours) }
    .other { fill: url(#hatch); stroke: var(--other) }
    .hatch, .range, .axis { stroke: var(--other); fill: none }
    .range, .axis { stroke: var(--ink) }
    .range { stroke-width: 1.5 }
  </style>
  <defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V6"/></pattern></defs>
  <text class="title" x="16" y="28">${escaped(title)}</text>
${rows.join('\n')}
  <path class="axis" d="M${left} ${top}V${top + bars.length * rowHeight}"/>
</svg>
`
}

const rangeText = ({ middle, low, high }: Bar): string =>
  `${middle.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`

const escaped = (text: string): string => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)
