import { withoutColour } from '../calls/result.ts'

/**
 * Columns that a character takes in a terminal: two for East Asian wide ones and most pictographs, none for marks that are put
 * onto the one before. Ranges of Unicode's East_Asian_Width, joined to blocks: what is unassigned in them counts as wide.
 */
export function columnsOf(character: string): number {
  if (/^[ -~]/.test(character)) return 1
  if (/^[\p{Mn}\p{Me}\p{Cf}]/u.test(character)) return 0
  return wide.test(character) ? 2 : 1
}

const wide =
  /^[\u1100-\u115f\u231a\u231b\u23e9-\u23ec\u26a1\u2705\u274c\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1b000}-\u{1b2ff}\u{1f1e6}-\u{1f1ff}\u{1f300}-\u{1f64f}\u{1f680}-\u{1faff}\u{20000}-\u{3fffd}]/u

/** Columns of a line; colours and other sequences for the terminal take none. */
export const lineColumns = (line: string): number =>
  Array.from(withoutColour(line)).reduce((sum, character) => sum + columnsOf(character), 0)
