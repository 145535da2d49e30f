import { lineColumns } from './text-columns.ts'

const separator = ' | '
/** What the client leaves free beside a status line, with the padding that most have. */
const margin = 4
const colourOff = '\u001b[0m'

/**
 * Somebody's own status line with our segment after it. It goes to the end of the first line that has room: older clients show
 * no other line, and one that is full already, as those that draw over the whole width are, would be cut at the edge of the terminal with
 * our segment beyond it. Where no line has room it is a line of its own. The separator is there only between two.
 *
 * @param columns of the terminal; absent where nobody knows, and then there is room.
 */
export function joinedLines(theirs: string, segment: string, columns = Number.POSITIVE_INFINITY): string {
  if (segment === '') return theirs
  if (theirs.trim() === '') return segment
  const lines = theirs.replace(/\s+$/, '').split(/\r?\n/)
  const needed = lineColumns(separator + segment) + margin
  const at = lines.findIndex((line) => line.trim() !== '' && lineColumns(line.trim()) + needed <= columns)
  if (at === -1) return [...lines, segment].join('\n')
  return lines.map((line, i) => (i === at ? joined(line.trimEnd(), segment) : line)).join('\n')
}

/** A line that leaves its colour on would give it to us as well. */
const joined = (line: string, segment: string): string =>
  `${line}${line.includes('\u001b[') && !line.endsWith(colourOff) ? colourOff : ''}${separator}${segment}`
