/** The numbers of a version, such as `2.1.330` in `2.1.330 (Claude Code)`; undefined where there are none. Pure. */
export function versionIn(text: string): string | undefined {
  return /(?<![\d.])\d+(?:\.\d+){1,3}(?![\d.])/.exec(text)?.[0]
}

/** Negative where `a` is older than `b`; a part that is missing is 0. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number))
  for (let i = 0; i < Math.max(left?.length ?? 0, right?.length ?? 0); i += 1) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
