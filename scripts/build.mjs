/**
 * Builds `dist/`: one self-contained file per executable in `hooks/` and `ops/`, per part in `parts/` that executables load when
 * they need it, and the library; and the plugin, which is committed. Run it, or import `build` or `buildPlugin` in a test.
 */
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { builtinModules, isBuiltin } from 'node:module'
import { basename, dirname, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as esbuild from 'esbuild'
import { noticesText, thirdPartiesIn } from './third-party.mjs'

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
    bundleFolder('parts', { kind: 'part', version, outputFolder }),
    bundleFolder('ops', { kind: 'op', version, outputFolder, isMeant: (name) => !quickOps.has(name) }),
    bundleFolder('ops', { kind: 'quick op', version, outputFolder, isMeant: (name) => quickOps.has(name) }),
    bundleFolder('lib', { kind: 'library', version, outputFolder, isMeant: (name) => name === 'index.ts' }),
    copyShellHooks({ version, outputFolder }),
  ])
  const all = bundles.flat().sort((a, b) => (a.name < b.name ? -1 : 1))
  await removeOthers(outputFolder, all)
  return all
}

/**
 * Hooks are bundled as CommonJS: Node starts such a file a quarter faster, because it needs no module loader for it and
 * makes no copies of its own modules' exports.
 */
const ending = { hook: '.cjs', part: '.cjs', op: '.mjs', 'quick op': '.cjs', library: '.mjs' }

/**
 * Of the executables for people, those that a client may start as well: for a status line, several times a second. An ES module that
 * loads CommonJS takes Node a fifth longer.
 */
const quickOps = new Set(['circuit-status.ts'])

async function bundleFolder(folder, { kind, version, outputFolder, isMeant = () => true }) {
  const all = await readdir(join(project, folder)).catch(() => [])
  const names = all.filter((name) => name.endsWith('.ts') && isMeant(name))
  if (names.length === 0) return []
  const isCommonJs = ending[kind] === '.cjs'
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: project,
    entryPoints: names.map((name) => `${folder}/${name}`),
    outdir: outputFolder,
    outExtension: { '.js': ending[kind] },
    bundle: true,
    write: false,
    metafile: true,
    format: isCommonJs ? 'cjs' : 'esm',
    platform: 'node',
    target: 'node20',
    // The ES modules of a package where it has them: they bundle smaller and need no `require`.
    mainFields: ['module', 'main'],
    minify: isCommonJs,
    // The long name has no short form otherwise.
    define: { 'Number.POSITIVE_INFINITY': 'Infinity' },
    charset: 'utf8',
    legalComments: 'eof',
    // The same bytes wherever `node_modules` really is: paths below it stand in comments.
    preserveSymlinks: true,
    // Who uses the library brings the client of the server that it is to use.
    external: kind === 'library' ? ['@redis/client'] : [],
    plugins: [onlyFacts, ...(kind === 'library' ? [] : [nothingLater]), ...builtinsOf(kind)],
    logLevel: 'warning',
  })
  if (!isCommonJs) refuseRequires(metafile)
  return Promise.all(
    outputFiles.map(async (file) => {
      const parties = await thirdPartiesIn(
        project,
        metafile.outputs[relative(project, file.path).replaceAll(sep, '/')].inputs,
      )
      return writeBundle(file, { kind, version, parties })
    }),
  )
}

/** How a bundle gets at Node's own modules. */
const builtinsOf = (kind) =>
  kind === 'part' ? [] : [kind === 'hook' || kind === 'quick op' ? lateBuiltins : importBuiltins]

/**
 * What a package would like to have and we do not bundle is not there. Left in, it would be looked for when it runs, in the
 * `node_modules` of whatever project the hook was copied into.
 */
const nothingLater = {
  name: 'nothing-later',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      const isAsked = /[\\/]node_modules[\\/]/.test(importer) && pluginData !== nothingLater && !isBuiltin(path)
      if (!isAsked) return undefined
      const { errors } = await build.resolve(path, { kind, resolveDir, pluginData: nothingLater })
      return errors.length === 0 ? undefined : { path, namespace: 'absent' }
    })
    build.onLoad({ filter: /.*/, namespace: 'absent' }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is not bundled`)})`,
    }))
  },
}

/** Of our own manifest a bundle needs the version, and which Node it is for: scripts and tools are nobody's business, and change more often. */
const onlyFacts = {
  name: 'only-facts',
  setup(build) {
    build.onLoad({ filter: /package\.json$/ }, async ({ path }) => {
      if (path !== join(project, 'package.json')) return undefined
      const { version, engines } = JSON.parse(await readFile(path, 'utf8'))
      return { contents: JSON.stringify({ version, engines }), loader: 'json' }
    })
  },
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
const costly = new Set(['node:child_process', 'node:crypto', 'node:module', 'node:os', 'node:zlib'])

/** Of what is called by its bare name so often that a short one of its own is worth its bytes. */
const shortened = new Set(['node:path'])

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
      if (shortened.has(path)) {
        const short = (name) => `export const ${name} = /* @__PURE__ */ of('${name}')`
        return {
          contents: [`const whole = require(${from})`, 'const of = (name) => whole[name]', ...names.map(short)].join(
            '\n',
          ),
        }
      }
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

/** What a shell runs needs no bundling. */
async function copyShellHooks({ version, outputFolder }) {
  const files = (await readdir(join(project, 'hooks'))).filter((name) => name.endsWith('.sh'))
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(project, 'hooks', file), 'utf8')
      return writeMarked(join(outputFolder, file), `#!/bin/sh\n# breakerbox ${version} ${file}\n${text}`, {
        name: file,
        kind: 'shell',
        parties: [],
      })
    }),
  )
}

function writeBundle({ path, text }, { kind, version, parties }) {
  const name = basename(path).replace(/\.[cm]js$/, '')
  const header = `#!/usr/bin/env node\n// breakerbox ${version} ${name}\n`
  // Install copies these into projects, one by one: what has to stand with the code of others goes along.
  const isCopied = kind === 'hook' || kind === 'part'
  const footer = isCopied && parties.length > 0 ? `/*!\n${noticesText(parties)}\n*/\n` : ''
  return writeMarked(path, header + text.replace(/^#!.*\n/, '') + footer, { name, kind, parties })
}

/** @param content its second line is what `lib/install/hook-files.ts` knows a bundle of any version by. */
async function writeMarked(path, content, { name, kind, parties }) {
  // Renamed into place, because tests and installs may be reading the old file.
  const temporary = `${path}.${process.pid}.tmp`
  await writeFile(temporary, content)
  await chmod(temporary, 0o755)
  await rename(temporary, path)
  return { name, file: basename(path), kind, bytes: Buffer.byteLength(content), parties }
}

/**
 * Writes the plugin and the marketplace that lists it, in a folder that stands for the repository's own: `plugin/` is made anew.
 *
 * @param {{ bundles?: string, root?: string }} [options] `bundles`: where a build has left them; `root`: the repository by default
 * @returns {Promise<string[]>} paths from the root, in order
 */
export async function buildPlugin({ bundles = join(project, 'dist'), root = project } = {}) {
  const manifest = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'))
  const { marketplaceFile, pluginBundles, pluginFiles } = await importSource('lib/install/plugin-files.ts')
  const files = pluginFiles(manifest)
  const copies = [
    ...pluginBundles.map((name) => [join(bundles, name), `hooks/${name}`]),
    [join(project, 'LICENSE'), 'LICENSE'],
  ]
  const marketplace = marketplaceFile(manifest)
  await writeInto(root, marketplace)
  // Made beside its place: a client may be running hooks from there.
  const making = join(root, `plugin.${process.pid}.tmp`)
  for (const file of files) await writeInto(making, file)
  for (const [from, path] of copies) await copyFile(from, join(making, path))
  await rm(join(root, 'plugin'), { recursive: true, force: true })
  await rename(making, join(root, 'plugin'))
  const paths = [...files.map(({ path }) => path), ...copies.map(([, path]) => path)]
  return [marketplace.path, ...paths.map((path) => `plugin/${path}`)].sort()
}

async function writeInto(folder, { path, content }) {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), content)
}

/** What a source file exports. */
async function importSource(path) {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: project,
    entryPoints: [path],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  })
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`)
}

async function removeOthers(outputFolder, bundles) {
  const files = new Set(bundles.map(({ file }) => file))
  const stale = (await readdir(outputFolder)).filter((name) => /\.(?:[cm]js|sh)$/.test(name) && !files.has(name))
  await Promise.all(stale.map((name) => rm(join(outputFolder, name), { force: true })))
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const bundles = await build()
  console.log(`dist: ${bundles.map(({ name }) => name).join(', ')}`)
  // A fresh clone builds for itself (`prepare`) and leaves what is committed alone: or no test could tell that it is stale.
  if (process.env.npm_lifecycle_event !== 'prepare') console.log(`plugin: ${(await buildPlugin()).join(', ')}`)
}
