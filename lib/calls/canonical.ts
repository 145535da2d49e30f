import { isRecord } from './json.ts'

/** Fields that say how a call is shown or how long it may take, not what it does. */
const cosmetic = new Set(['description', 'timeout', 'run_in_background', 'dangerouslyDisableSandbox'])
/** Values that the client fills in for some events and leaves out for others. */
const filledIn: Readonly<Record<string, unknown>> = { replace_all: false }
const pathFields = new Set(['file_path', 'notebook_path', 'path'])
/** Deeper nesting is cut: input is not ours and may be built to exhaust the stack. */
const deepest = 32

/**
 * One text for all the ways in which the client writes the same input: keys sorted, cosmetic fields and filled-in defaults
 * left out, paths absolute where the folder is known.
 *
 * @param folder the call's working folder (`cwd`), absolute.
 */
export function canonicalInput(input: unknown, folder?: string): string {
  return write(input, folder, 0)
}

function write(value: unknown, folder: string | undefined, depth: number): string {
  if (depth > deepest) return '"…"'
  if (Array.isArray(value)) return `[${value.map((item) => write(item, folder, depth + 1)).join(',')}]`
  if (!isRecord(value)) return JSON.stringify(value) ?? 'null'
  const parts: string[] = []
  for (const key of Object.keys(value).sort()) {
    const item = value[key]
    if (depth === 0 && (cosmetic.has(key) || (key in filledIn && filledIn[key] === item))) continue
    const settled = depth === 0 && pathFields.has(key) && typeof item === 'string' ? absolute(item, folder) : item
    parts.push(`${JSON.stringify(key)}:${write(settled, folder, depth + 1)}`)
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
