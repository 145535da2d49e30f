/** Install or uninstall cannot go on; nothing was changed. One path, one cause. */
export class InstallError extends Error {
  override name = 'InstallError'
  readonly path: string
  readonly reason: string

  constructor(path: string, reason: string) {
    super(`${path}: ${reason}`)
    this.path = path
    this.reason = reason
  }
}
