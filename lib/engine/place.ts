/** Where a call settled. */
export interface Place {
  readonly agent: string
  readonly promptId?: string
  readonly turn: number
  /** Told by `PostToolBatch`, whose text is the form that results are compared in. */
  readonly batched: boolean
}
