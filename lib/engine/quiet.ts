import type { Draft } from './draft.ts'
import type { Place } from './place.ts'

/** Under a person's bypass the model is not nagged. */
export const isQuiet = (draft: Draft, place: Place): boolean =>
  draft.memory.bypass !== undefined && draft.memory.bypass.promptId === place.promptId
