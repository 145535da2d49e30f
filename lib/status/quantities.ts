/** Moments and amounts as people read them. */

/** Milliseconds. */
export const day = 24 * 60 * 60 * 1000

/** `2026-11-21 13:46:01 UTC`. @param at ISO 8601 UTC. */
export const moment = (at: string | null): string =>
  at === null ? 'an unknown time' : `${at.slice(0, 19).replace('T', ' ')} UTC`

/** `6.0 kB`, `1.2 MB`. */
export function size(bytes: number): string {
  return bytes < 1024 * 100 ? `${(bytes / 1024).toFixed(1)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`
}

/** A run time: milliseconds below a second, seconds from there on; `-` for none. */
export const inTime = (ms: number | null): string =>
  ms === null ? '-' : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`

/** `45 s`, `4 min 10 s`, `2 h 5 min`. */
export function span(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const [large, small, units] =
    whole < 3600
      ? [Math.floor(whole / 60), whole % 60, ['min', 's']]
      : [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), ['h', 'min']]
  return small === 0 ? `${large} ${units[0]}` : `${large} ${units[0]} ${small} ${units[1]}`
}

/** `1 trip`, `2 trips`; `2 entries` where the plural is given. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`
