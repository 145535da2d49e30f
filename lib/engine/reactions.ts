import { actOnFinding } from './act-on-finding.ts'
import { ease } from './ease.ts'
import { tellParent } from './halted-subagent.ts'
import { answerProbe, releaseProbe } from './probes.ts'
import { countUngated } from './ungated.ts'

/**
 * The second half of the engine: what follows where the first half, which enters calls and asks the patterns, has met something:
 * a finding, a probe, an edit while circuits are not closed, a rejected call that no gate sees, the end of a halted subagent. Most
 * events meet nothing, so a process that has to start fast loads this half when it is needed; see `happenedWith` in `step.ts`.
 */
export const reactions = { actOnFinding, answerProbe, countUngated, ease, releaseProbe, tellParent }

export type Reactions = typeof reactions
