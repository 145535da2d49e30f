/**
 * `docs/performance.md` is its own template: its prose is written by hand, and each part's figures stand between two
 * markers, between which they are replaced. A part that was not measured keeps what it has.
 */

/**
 * The paper with the figures of one part replaced.
 *
 * @throws where the paper has no place for the part.
 */
export function withFigures(paper: string, part: string, figures: string): string {
  const begin = `<!-- figures: ${part} -->`
  const end = `<!-- end of ${part} -->`
  const [before, rest] = divided(paper, begin)
  const [, after] = divided(rest, end)
  return `${before}${begin}\n${figures}\n${end}${after}`
}

function divided(text: string, marker: string): [string, string] {
  const at = text.indexOf(marker)
  if (at < 0) throw new Error(`the paper has no line ${marker}`)
  return [text.slice(0, at), text.slice(at + marker.length)]
}
