import { isRecord } from './json.ts'
import { wordSet } from './word-set.ts'

/** Fields that say how a call is shown or how long it may take, not what it does. */
const cosmetic = wordSet('description timeout run_in_background dangerouslyDisableSandbox')
/** What the client fills in for some events and leaves out for others. */
const isFilledIn = (key: string, value: unknown): boolean => key === 'replace_all' && value === false
const pathFields = wordSet('file_path notebook_path path')
/** Deeper nesting is cut: input is not ours and may be built to exhaust the stack. */
const deepest = 32

/**
 * One text for all the ways in which the client writes the same input: keys sorted, cosmetic fields and filled-in defaults
 * left out, paths absolute where the folder is known.
 *
 * @param folder the call's working folder (`cwd`), absolute.
 * @param depth how deep inside the input the value stands.
 */
export function canonicalInput(value: unknown, folder?: string, depth = 0): string {
  if (depth > deepest) return '"…"'
  if (Array.isArray(value)) return `[${value.map((item) => canonicalInput(item, folder, depth + 1)).join(',')}]`
  if (!isRecord(value)) return JSON.stringify(value) ?? 'null'
  const parts: string[] = []
  for (const key of Object.keys(value).sort()) {
    const item = value[key]
    if (depth === 0 && (cosmetic.has(key) || isFilledIn(key, item))) continue
    const settled = depth === 0 && pathFields.has(key) && typeof item === 'string' ? absolute(item, folder) : item
    parts.push(`${JSON.stringify(key)}:${canonicalInput(settled, folder, depth + 1)}`)
  }
  return `{${parts.join(',')}}`
}

/** A path made absolute and freed of `.` and `..`, with forward slashes kept as they are. */
export function absolute(path: string, folder?: string): string {
  const whole =
    path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path) || folder === undefined ? path : `${folder}/${path}`
  if (!/(^|\/)\.{0,2}(\/|$)/.test(whole.slice(1))) return whole
  const parts: string[] = []
  for (const part of whole.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..' && parts.length > 0) parts.pop()
    else parts.push(part)
  }
  return (whole.startsWith('/') ? '/' : '') + parts.join('/')
}
