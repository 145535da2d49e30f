import type { Look } from './look.ts'

/** What names a project, a service or a state, or speaks of the session that runs this command. */
const ofOthers = /^(?:CLAUDE|ANTHROPIC_|BREAKERBOX_|INTELLIGENCE_SERVICE_|PATTERN_|CIRCUIT_BREAKER_|HEALTH_CHECK_)/

/**
 * The environment of this command as a hook that is tried gets it: search path and Node's own variables are what matters, and
 * nothing that leads out of the scratch folder is in it.
 */
export const hookEnvironment = ({ system }: Pick<Look, 'system'>): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(system.env).filter(([name]) => !ofOthers.test(name)))

/** The shell that runs hooks. */
export const shell = '/bin/sh'
