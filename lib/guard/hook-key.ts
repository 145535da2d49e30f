import { hash } from '../calls/hash.ts'
import { redact } from '../calls/redact.ts'

/** Longest command that is kept as it is, UTF-16 units. */
const longest = 500

/**
 * What a hook is called in the state: its command, secrets taken out. Where that or its length leaves something out, a part
 * of the whole command's hash tells it from others that look alike.
 */
export function hookKey(command: string): string {
  const shown = redact(command).replace(/\s+/g, ' ').trim().slice(0, longest)
  // A program called `constructor` would find what every object has by that name.
  return shown === command && !(shown in {}) ? shown : `${shown} #${hash(command).slice(0, 8)}`
}

/** The key as a file name, sixteen hexadecimal digits: for the hook's tallies. */
export const hookId = (key: string): string => hash(key)
