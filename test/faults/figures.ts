import { appendFileSync } from 'node:fs'

/** What the closing table counts. */
export const figureNames = ['updates', 'kills', 'faults', 'damaged files', 'inputs', 'clock jumps', 'attacks'] as const
export type FigureName = (typeof figureNames)[number]

/** One line of the file that the closing table is made of. */
export interface Figure {
  readonly name: FigureName
  readonly count: number
  /** Updates, events or documents that were lost, or attacks that got through. */
  readonly lost: number
}

/** Adds to the closing table; call it after the assertions. Does nothing where no table was asked for. */
export function count(name: FigureName, count: number, lost = 0): void {
  const file = process.env['BREAKERBOX_FIGURES']
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ name, count, lost } satisfies Figure)}\n`)
}
