import type { ProcessFacts, System } from '../system/system.ts'

/**
 * The Claude Code clients among the ancestors of this process, nearest first: whoever runs under one is, as far as can be
 * told, run by the model. Environment variables say less: they are inherited by everything and can be unset.
 */
export const clientAncestors = (system: System): readonly ProcessFacts[] =>
  system.processes.ancestors().filter(isClient)

const isClient = ({ name, words }: ProcessFacts): boolean =>
  /^claude(?:\.exe)?$/.test(name) ||
  words.slice(0, 3).some((word) => /[\\/]@anthropic-ai[\\/]claude-code[\\/]/.test(word))
