import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/** The executable that runs, wherever a link to it stands; as `import.meta.url` of a module would be. */
export const executableUrl = (): string => pathToFileURL(realpathSync(process.argv[1] ?? '.')).href

/**
 * Runs a bundle, CommonJS, that stands beside the executable: what it needs for one of its options only stays out of the others'
 * way.
 *
 * @param name of the file, without its ending.
 * @returns what it exports.
 */
export const bundleBeside = (name: string): unknown => createRequire(executableUrl())(`./${name}.cjs`)
