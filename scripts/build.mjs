/** Builds `dist/`: one self-contained file per executable in `hooks/` and `ops/`. Run it, or import `build` in a test. */
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as esbuild from 'esbuild'

const project = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * @param {{ outputFolder?: string }} [options] where the bundles go; `dist/` by default
 * @returns {Promise<import('./build.d.mts').Bundle[]>} by name
 */
export async function build({ outputFolder = join(project, 'dist') } = {}) {
  const { version } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'))
  await mkdir(outputFolder, { recursive: true })
  const bundles = await Promise.all([
    bundleFolder('hooks', { kind: 'hook', version, outputFolder }),
    bundleFolder('ops', { kind: 'op', version, outputFolder }),
  ])
  const all = bundles.flat().sort((a, b) => (a.name < b.name ? -1 : 1))
  await removeOthers(outputFolder, all)
  return all
}

/**
 * Hooks are bundled as CommonJS: Node starts such a file a quarter faster, because it needs no module loader for it and
 * makes no copies of its own modules' exports.
 */
const ending = { hook: '.cjs', op: '.mjs' }

async function bundleFolder(folder, { kind, version, outputFolder }) {
  const names = (await readdir(join(project, folder)).catch(() => [])).filter((name) => name.endsWith('.ts'))
  if (names.length === 0) return []
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: project,
    entryPoints: names.map((name) => `${folder}/${name}`),
    outdir: outputFolder,
    outExtension: { '.js': ending[kind] },
    bundle: true,
    write: false,
    metafile: true,
    format: kind === 'hook' ? 'cjs' : 'esm',
    platform: 'node',
    target: 'node20',
    // The ES modules of a package where it has them: they bundle smaller and need no `require`.
    mainFields: ['module', 'main'],
    minify: kind === 'hook',
    charset: 'utf8',
    legalComments: 'eof',
    plugins: [kind === 'op' ? importBuiltins : lateBuiltins],
    logLevel: 'warning',
  })
  if (kind === 'op') refuseRequires(metafile)
  return Promise.all(outputFiles.map((file) => writeBundle(file, { kind, version })))
}

/**
 * Bundled CommonJS packages ask for Node's own modules by `require`, which an ES module does not have. They get them through
 * a static `import`: unlike `createRequire` it costs nothing at start-up.
 */
const importBuiltins = {
  name: 'import-builtins',
  setup(build) {
    const builtins = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]))
    build.onResolve({ filter: /^[a-z:_/]+$/ }, ({ path, kind, namespace }) => {
      if (!builtins.has(path)) return undefined
      if (namespace === 'builtin-value') return { path, namespace: 'builtin-import' }
      if (namespace === 'builtin-import') return { path, external: true }
      return kind === 'require-call' ? { path, namespace: 'builtin-value' } : undefined
    })
    build.onLoad({ filter: /.*/, namespace: 'builtin-value' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)}).default`,
    }))
    build.onLoad({ filter: /.*/, namespace: 'builtin-import' }, ({ path }) => ({
      contents: `export { default } from ${JSON.stringify(path.replace(/^(?!node:)/, 'node:'))}`,
    }))
  },
}

/** What no Node process has loaded by itself, and most hooks never call: each of them costs up to milliseconds. */
const costly = new Set(['node:child_process', 'node:crypto', 'node:os', 'node:zlib'])

/**
 * Gives all files of a hook one `require` for each of Node's own modules, instead of one for each file and a copy of the
 * module for each `import *`. What is costly is loaded by the first call of one of its functions.
 */
const lateBuiltins = {
  name: 'late-builtins',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path, kind, namespace }) =>
      kind === 'import-statement' && namespace === 'file' ? { path, namespace: 'builtin' } : undefined,
    )
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, async ({ path }) => {
      const { default: _whole, ...exported } = await import(path)
      const names = Object.keys(exported)
      const from = JSON.stringify(path)
      if (!costly.has(path)) return { contents: `export { ${names} } from ${from}` }
      // Only functions can wait for their call: the build fails where a hook uses a class or a constant of such a module.
      const functions = names.filter((name) => typeof exported[name] === 'function' && /^[a-z]/.test(name))
      const late = (name) => `export const ${name} = (...values) => require(${from}).${name}(...values)`
      return { contents: functions.map(late).join('\n') }
    })
  },
}

/** A `require` left over would only fail when it runs, in somebody's session. */
function refuseRequires({ outputs }) {
  for (const [path, { imports }] of Object.entries(outputs)) {
    const left = imports.find(({ kind }) => kind === 'require-call' || kind === 'require-resolve')
    if (left) throw new Error(`${path}: require(${left.path}) cannot work in an ES module`)
  }
}

async function writeBundle({ path, text }, { kind, version }) {
  const file = relative(dirname(path), path)
  const name = file.replace(/\.[cm]js$/, '')
  // The second line is what `lib/install/hook-files.ts` knows a bundle of any version by.
  const header = `#!/usr/bin/env node\n// breakerbox ${version} ${name}\n`
  const content = header + text.replace(/^#!.*\n/, '')
  // Renamed into place, because tests and installs may be reading the old file.
  const temporary = `${path}.${process.pid}.tmp`
  await writeFile(temporary, content)
  await chmod(temporary, 0o755)
  await rename(temporary, path)
  return { name, file, kind, bytes: Buffer.byteLength(content) }
}

async function removeOthers(outputFolder, bundles) {
  const files = new Set(bundles.map(({ file }) => file))
  const stale = (await readdir(outputFolder)).filter((name) => /\.[cm]js$/.test(name) && !files.has(name))
  await Promise.all(stale.map((name) => rm(join(outputFolder, name), { force: true })))
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const bundles = await build()
  console.log(`dist: ${bundles.map(({ name }) => name).join(', ')}`)
}
