import type { Table } from './part.ts'

/** A table for a terminal: columns side by side, without Markdown's marks. */
export function terminalText({ columns, rows, notes = [] }: Table): string {
  const lines = [columns, ...rows].map((cells) => cells.map((cell) => cell.replaceAll('`', '')))
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => cells[i]?.length ?? 0)))
  const shown = lines.map((cells) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('   ')
      .trimEnd(),
  )
  return [...shown, ...notes].map((line) => `  ${line}`).join('\n')
}

/** A table for a paper. */
export function markdownText({ columns, rows, notes = [] }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const table = [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
  return [table, ...notes].join('\n\n')
}
