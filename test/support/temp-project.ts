import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { removeBusy } from './remove-busy.ts'

/** A project folder and a home folder that nobody else uses; both vanish with `remove`. */
export interface TempProject {
  /** The project's folder. Its name has a space and a letter outside ASCII, so that every test is a quoting test too. */
  readonly folder: string
  /** A home folder without any settings, sessions or caches. */
  readonly home: string
  /** `<folder>/.claude/memory`, where the breakers keep what they know. */
  readonly memory: string
  /** An absolute path inside the project. */
  path(...parts: string[]): string
  /** Writes a project file, folders included; a value that is not a string is written as JSON. */
  write(relativePath: string, content: unknown, mode?: number): void
  /** The text of a project file. */
  read(relativePath: string): string
  /** A project file as JSON; undefined where there is none. */
  readJson<T = unknown>(relativePath: string): T | undefined
  /** The lines of a JSON Lines file; none where there is no file. */
  readJsonLines<T = Record<string, unknown>>(relativePath: string): T[]
  exists(relativePath: string): boolean
  remove(): void
}

/**
 * Makes a fresh project with a fresh home beside it.
 *
 * @param name the project folder's name, for tests about odd names.
 */
export function createTempProject(name = 'Müller project'): TempProject {
  // The real path, because a client resolves links (on macOS the temp folder is one) and hooks compare paths.
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'breakerbox-test-')))
  const folder = join(root, name)
  const home = join(root, 'home')
  mkdirSync(folder)
  mkdirSync(home)
  const path = (...parts: string[]) => join(folder, ...parts)
  return {
    folder,
    home,
    memory: path('.claude', 'memory'),
    path,
    write(relativePath, content, mode) {
      const file = path(relativePath)
      mkdirSync(dirname(file), { recursive: true })
      const text = typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`
      writeFileSync(file, text, mode === undefined ? {} : { mode })
    },
    read: (relativePath) => readFileSync(path(relativePath), 'utf8'),
    readJson: <T>(relativePath: string) =>
      existsSync(path(relativePath)) ? (JSON.parse(readFileSync(path(relativePath), 'utf8')) as T) : undefined,
    readJsonLines: <T>(relativePath: string) =>
      existsSync(path(relativePath))
        ? readFileSync(path(relativePath), 'utf8')
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line) as T)
        : [],
    exists: (relativePath) => existsSync(path(relativePath)),
    remove: () => removeBusy(root),
  }
}
