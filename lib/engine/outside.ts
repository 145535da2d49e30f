import type { Call } from '../calls/call.ts'
import { matchesName } from '../config/name-pattern.ts'

/** Addresses that stay on this machine. */
const loopback = /(?:^|\/\/|@|=)(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?|0\.0\.0\.0)(?:[:/?#]|$)/i

/** What of the config says which calls reach outside. */
export interface OutsideRules {
  readonly tools: readonly string[]
  readonly commands: readonly string[]
  readonly mcp_weight: number
}

/**
 * What a call counts for as one that reaches outside the machine, 0 for one that does not: its tool is one of `tools`, or
 * Bash runs one of the `commands` on an address that is not this machine's own.
 */
export function outsideWeight(call: Call, { tools, commands, mcp_weight }: OutsideRules): number {
  if (tools.some((pattern) => matchesName(pattern, call.tool))) return call.tool.startsWith('mcp__') ? mcp_weight : 1
  const reaches = call.programs.some((words) => {
    const reaches = commands.some((command) => command.split(' ').every((word, i) => words[i] === word))
    return reaches && !words.some((word) => loopback.test(word))
  })
  return reaches ? 1 : 0
}
