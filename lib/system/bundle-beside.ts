import { createRequire } from 'node:module'

/**
 * Runs a bundle, CommonJS, that stands beside a module: what an executable needs for one of its options only stays out of the others'
 * way.
 *
 * @param moduleUrl `import.meta.url`.
 * @param name of the file, without its ending.
 * @returns what it exports.
 */
export const bundleBeside = (moduleUrl: string, name: string): unknown => createRequire(moduleUrl)(`./${name}.cjs`)
