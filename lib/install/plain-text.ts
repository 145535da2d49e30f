import { unguarded } from './guard-plan.ts'
import { withoutStatusLine } from './status-line-plan.ts'

/**
 * A settings text as it would be without what wraps commands of others: guarded hooks and a joined status line are as they were. Undefined where
 * there would be no file. The very text where it cannot be read.
 */
export const plainText = (text: string): string | undefined => withoutStatusLine(unguarded(text))
