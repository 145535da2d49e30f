/** The limits with other thresholds for some patterns. */
export function withThresholds<
  Name extends string,
  Limits extends Readonly<Record<Name, { readonly threshold: number }>>,
>(limits: Limits, patterns: readonly Name[], other: (threshold: number) => number): Limits {
  const changed = patterns.map((name) => [name, { ...limits[name], threshold: other(limits[name].threshold) }])
  return { ...limits, ...Object.fromEntries(changed) }
}
