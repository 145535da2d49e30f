/** How figures that vary are summed up. */

/** A median or a mean, and how far the values reach around it, in the unit of the values. */
export interface Spread {
  readonly middle: number
  readonly low: number
  readonly high: number
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/**
 * The mean without the least and the greatest twentieth. What hits a value now and then by chance stays out, as with the median; what
 * hits one in three counts, for which the median is blind.
 */
export function trimmedMean(values: readonly number[]): number {
  const left = Math.floor(values.length / 20)
  return mean([...values].sort((a, b) => a - b).slice(left, values.length - left))
}

/** The median and the middle half: what other work on the machine disturbs now and then stays out. */
export const middleHalf = (values: readonly number[]): Spread => ({
  middle: median(values),
  low: quantile(values, 0.25),
  high: quantile(values, 0.75),
})

/** Each value over the floor of the same round. */
export const ratios = (values: readonly number[], floors: readonly number[]): number[] =>
  values.map((value, i) => value / (floors[i] ?? Number.NaN))

/** What each value is more than the floor of the same round. */
export const differences = (values: readonly number[], floors: readonly number[]): number[] =>
  values.map((value, i) => value - (floors[i] ?? Number.NaN))

export const spreadText = ({ middle, low, high }: Spread, digits = 2): string =>
  `${middle.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`

/** A target beside its figure. */
export const targetText = (target: string, isMet: boolean): string => `${target}: ${isMet ? 'met' : 'MISSED'}`

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}
