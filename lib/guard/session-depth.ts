/** How deep the sessions that a guarded hook starts are, for where the list of processes does not tell. */

/**
 * The environment of a guarded hook: that of the hook, and `BREAKERBOX_DEPTH` one higher than ours. `hook-guard.sh` does the
 * same without Node.
 */
export function deeperEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const depth = env['BREAKERBOX_DEPTH'] ?? ''
  // Three digits are beyond any limit: they stay, so that nothing begins anew.
  if (/^(?:[1-9]\d{2,}|0\d+)$/.test(depth)) return { ...env }
  return { ...env, BREAKERBOX_DEPTH: String(/^\d{1,2}$/.test(depth) ? Number(depth) + 1 : 1) }
}
