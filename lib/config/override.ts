/**
 * `circuit_breakers.tool_failure.threshold=4` as a change of a config that is not validated yet. The value is JSON where it
 * can be read as such, else text.
 *
 * @throws an Error in one line where there is no `=` or no name.
 */
export function withOverride(config: Record<string, unknown>, assignment: string): Record<string, unknown> {
  const equals = assignment.indexOf('=')
  const path = assignment.slice(0, Math.max(0, equals)).split('.')
  if (equals < 1 || path.some((part) => part === '')) {
    throw new Error(`${JSON.stringify(assignment)} is no assignment; write FIELD=VALUE, such as halt_after_denials=5`)
  }
  return assign(config, path, readValue(assignment.slice(equals + 1)))
}

function assign(
  target: Record<string, unknown>,
  [first = '', ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> {
  const inner = Object.hasOwn(target, first) ? target[first] : undefined
  const known = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? { ...inner } : {}
  const next = rest.length === 0 ? value : assign(known, rest, value)
  return Object.fromEntries([...Object.entries(target).filter(([key]) => key !== first), [first, next]])
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
