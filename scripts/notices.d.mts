import type { Bundle } from './build.d.mts'

/** The text of `THIRD-PARTY-NOTICES.txt`. */
export function notices(bundles: readonly Bundle[]): string
