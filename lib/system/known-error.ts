/**
 * An error that was foreseen: it has a code, a path and a cause, and its message is one line,
 * `cannot write /p/state.json: ENOSPC: no space left on device`.
 *
 * Codes are the system's own (`ENOSPC`, `EACCES`, `EROFS`, …) and these of ours: `ELINK` a link stands where a real
 * folder must be, `ENOTFILE` something other than a regular file stands where a file must be, `EKEY` a name that may
 * not become a path, `ETOOLARGE` a document over its cap, `ELOCKED` a lock that was not to be had in time, `EPART`
 * a part that cannot be loaded.
 */
export class KnownError extends Error {
  readonly code: string
  readonly path: string

  /**
   * @param action the verb of the message: `write`, `read`, `use`, `remove`.
   * @param cause the reason in words, or the system's error, which then also gives the code.
   * @param code needed where `cause` is words.
   */
  constructor(action: string, path: string, cause: unknown, code?: string) {
    super(`cannot ${action} ${path}: ${causeLine(cause)}`, cause instanceof Error ? { cause } : {})
    this.name = 'KnownError'
    this.code = code ?? errorCode(cause) ?? 'EUNKNOWN'
    this.path = path
  }
}

/** The `code` of a system error (`ENOENT`, …) or of a known one; undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** One line of at most 200 characters; of a system error the part before the call and the path. */
export function causeLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  const line = (text.split(/[\r\n]/, 1)[0] ?? '').replace(/^(E[A-Z0-9]+: [^,]+), .*$/, '$1')
  return line.length > 200 ? `${line.slice(0, 199)}…` : line
}

/** A system error becomes a known one; every other error, known ones included, is given back as it is. */
export function asKnownError(action: string, path: string, error: unknown): unknown {
  if (error instanceof KnownError || errorCode(error) === undefined) return error
  return new KnownError(action, path, error)
}
