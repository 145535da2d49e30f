/** How parts of a text are set off on a terminal; a `Chalk` is one. */
export interface Paint {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  yellow(text: string): string
  green(text: string): string
}

const asItIs = (text: string): string => text

/** For where there is no terminal. */
export const plainPaint: Paint = { bold: asItIs, dim: asItIs, red: asItIs, yellow: asItIs, green: asItIs }
