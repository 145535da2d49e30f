/** Lines of context around a change. */
const context = 2

interface Line {
  readonly sign: ' ' | '+' | '-'
  readonly text: string
}

/** A diff in the unified style, for reading; an absent text counts as empty. Empty where nothing differs. */
export function lineDiff(before: string | undefined, after: string | undefined): string[] {
  const lines = compare(linesOf(before), linesOf(after))
  const changed = lines.flatMap(({ sign }, index) => (sign === ' ' ? [] : [index]))
  const shown = new Set(changed.flatMap((at) => Array.from({ length: 2 * context + 1 }, (_, i) => at - context + i)))
  const output: string[] = []
  for (const [index, { sign, text }] of lines.entries()) {
    if (!shown.has(index)) continue
    if (output.length > 0 && !shown.has(index - 1)) output.push('  …')
    output.push(`${sign} ${text}`)
  }
  return output
}

function linesOf(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/)
}

/** Longest common subsequence, after the ends that both share are taken off. */
function compare(before: readonly string[], after: readonly string[]): Line[] {
  let head = 0
  while (head < Math.min(before.length, after.length) && before[head] === after[head]) head++
  let tail = 0
  const room = Math.min(before.length, after.length) - head
  while (tail < room && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++
  const middle = compareMiddle(before.slice(head, before.length - tail), after.slice(head, after.length - tail))
  return [...same(before.slice(0, head)), ...middle, ...same(before.slice(before.length - tail))]
}

const same = (lines: readonly string[]): Line[] => lines.map((text) => ({ sign: ' ', text }))

function compareMiddle(before: readonly string[], after: readonly string[]): Line[] {
  const removed = before.map((text): Line => ({ sign: '-', text }))
  const added = after.map((text): Line => ({ sign: '+', text }))
  // A table of this size takes longer than anybody reads.
  if (before.length * after.length > 4_000_000) return [...removed, ...added]
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1))
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const row = lengths[i] as Uint32Array
      row[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const lines: Line[] = []
  let [i, j] = [0, 0]
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) {
      lines.push({ sign: ' ', text: after[j] as string })
      i++
      j++
    } else if (at(i + 1, j) >= at(i, j + 1)) lines.push(removed[i++] as Line)
    else lines.push(added[j++] as Line)
  }
  return [...lines, ...removed.slice(i), ...added.slice(j)]
}
