import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A program with its words. */
export interface ProgramWords {
  readonly program: string
  readonly words: readonly string[]
}

/** How this Node runs a file that stands beside a module. @param moduleUrl `import.meta.url`. */
export const nodeBesideModule = (moduleUrl: string, name: string): ProgramWords =>
  nodeOn(join(dirname(fileURLToPath(moduleUrl)), name))

/** How this Node runs a file that stands beside the executable which runs now, also where that was started through a link. */
export const nodeBeside = (name: string): ProgramWords =>
  nodeOn(join(dirname(realpathSync(process.argv[1] ?? '.')), name))

const nodeOn = (path: string): ProgramWords => ({ program: process.execPath, words: [path] })
