/** What the parts of the benchmark have in common. A part is one module here and one line in `parts.ts`. */

export interface Part {
  /** How it is asked for: `npm run bench -- NAME`. Names its block in `docs/performance.md` too. */
  readonly name: string
  /** One line: what is measured. */
  readonly title: string
  /** @throws Unavailable where this machine lacks something that the part needs. */
  run(options: Options): Promise<Table>
}

export interface Options {
  /** Few rounds and small sizes, to see that everything works. Its figures are worth nothing and are never written. */
  readonly quick: boolean
  /** A folder of call logs (`*.jsonl.gz`) for `replay`, which generates its data without one. */
  readonly recordings?: string
}

export interface Table {
  /** The first column names the row, the others hold figures. */
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** Sentences below the table, with figures of their own. */
  readonly notes?: readonly string[]
  /** What the chart shows; at most one part has it. */
  readonly bars?: readonly Bar[]
}

/** One bar of the chart. */
export interface Bar {
  readonly name: string
  /** Milliseconds. */
  readonly middle: number
  readonly low: number
  readonly high: number
}

/** This machine cannot run the part; what it has in the paper stays. */
export class Unavailable extends Error {}
