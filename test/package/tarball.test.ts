import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join, posix, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { runDetached } from '../papers/detached.ts'
import { relativeLinks } from '../papers/paper.ts'
import { bareEnvironment } from '../support/bare-environment.ts'
import { root } from '../support/built-hook.ts'
import { playLoop } from '../support/looping-session.ts'
import { copyProject } from '../support/project-copy.ts'
import { createTempProject, type TempProject } from '../support/temp-project.ts'

/** No version that the project ever has: where it stands, it came out of package.json when the package was made. */
const version = '98.7.6-packed.5'

// npm's own layout of a global prefix is another one on Windows.
describe.skipIf(process.platform === 'win32')('the package', () => {
  let home: TempProject
  /** A copy of the project, packed. */
  let source = ''
  let tarball = ''
  /** Where it is installed: a prefix whose name has a space and a letter outside ASCII. */
  let prefix = ''
  let installed = ''
  /** A machine on which nothing is but Node, a shell and what POSIX has: no npm, no git, no package of anybody. */
  let bare: Readonly<Record<string, string>> = {}

  const run = (program: string, words: readonly string[], cwd: string, env?: Readonly<Record<string, string>>) => {
    const ended = spawnSync(program, words, { cwd, env: env ?? offline(), encoding: 'utf8', timeout: 120_000 })
    return { exitCode: ended.status, stdout: ended.stdout, stderr: ended.stderr }
  }
  const offline = () => bareEnvironment(home.home, { npm_config_offline: 'true' })
  const must = (program: string, words: readonly string[], cwd: string): string => {
    const { exitCode, stdout, stderr } = run(program, words, cwd)
    expect(exitCode, `${program} ${words.join(' ')}\n${stdout}${stderr}`).toBe(0)
    return stdout
  }

  beforeAll(() => {
    home = createTempProject()
    source = join(home.folder, 'source')
    copyProject(source, ['dist'])
    symlinkSync(realpathSync(join(root, 'node_modules')), join(source, 'node_modules'))
    const manifest = join(source, 'package.json')
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/"version": "[^"]+"/, `"version": "${version}"`))
    // What an older build has left must not get in, and must not pass for the new one.
    for (const name of [
      'old-hook.cjs',
      'circuit-breaker-gate.cjs',
      'types/old.d.ts',
      'types/index.d.ts',
      'notes.txt',
    ]) {
      mkdirSync(dirname(join(source, 'dist', name)), { recursive: true })
      writeFileSync(join(source, 'dist', name), '// breakerbox stale\n')
    }
    must('npm', ['pack', '--pack-destination', home.folder], source)
    tarball = join(home.folder, `breakerbox-${version}.tgz`)
    prefix = join(home.folder, 'global prefix ü')
    must('npm', ['install', '--global', '--prefix', prefix, tarball], home.home)
    installed = join(prefix, 'lib', 'node_modules', 'breakerbox')
    bare = { PATH: [join(prefix, 'bin'), almostEmptyFolder(home)].join(delimiter) }
  }, 180_000)
  afterAll(() => home.remove())

  describe('as it is packed', () => {
    let files: readonly string[] = []
    let unpacked = ''
    beforeAll(() => {
      must('tar', ['xzf', tarball], home.folder)
      unpacked = join(home.folder, 'package')
      files = filesIn(unpacked)
    })
    const textOf = (file: string): string => readFileSync(join(unpacked, file), 'utf8')

    test('holds the bundles, their types, the schemas and the papers, and nothing else', () => {
      const named = (folder: string, ending: RegExp) =>
        readdirSync(join(root, folder)).filter((name) => ending.test(name))
      const bundled = (folder: string, ending: string) =>
        named(folder, /\.ts$/).map((name) => `dist/${name.replace(/ts$/, ending)}`)
      expect(files.filter((file) => !file.startsWith('dist/types/'))).toEqual(
        [
          ...bundled('hooks', 'cjs'),
          ...named('hooks', /\.sh$/).map((name) => `dist/${name}`),
          ...bundled('parts', 'cjs'),
          ...bundled('ops', 'mjs').filter((name) => name !== 'dist/circuit-status.mjs'),
          'dist/circuit-status.cjs',
          'dist/index.mjs',
          ...named('config', /\.json$/).map((name) => `config/${name}`),
          ...named('docs', /\.(?:md|png|svg)$/).map((name) => `docs/${name}`),
          'CHANGELOG.md',
          'LICENSE',
          'README.md',
          'THIRD-PARTY-NOTICES.txt',
          'package.json',
          'settings.example.json',
        ].sort(),
      )
    })

    test('of the types there are those that the library names', () => {
      const types = files.filter((file) => file.startsWith('dist/types/'))
      const namedBy = (file: string) =>
        [...textOf(file).matchAll(/(?:from |import\()'(\.[^']+)\.js'/g)].map(([, path]) =>
          posix.join(posix.dirname(file), `${path}.d.ts`),
        )
      const named = types.flatMap(namedBy)
      expect(named.length).toBeGreaterThan(5)
      expect([...new Set(['dist/types/index.d.ts', ...named])].sort()).toEqual(types)
    })

    test('nothing in it is stale, or knows where it was made', () => {
      for (const file of files) {
        const text = textOf(file)
        for (const stranger of [root, source, home.folder, 'breakerbox stale', 'sourceMappingURL=']) {
          expect(text.includes(stranger), `${file}: ${stranger}`).toBe(false)
        }
      }
    })

    test('executables can be run, all else only be read', () => {
      for (const file of files) {
        const isProgram = /^dist\/[^/]+$/.test(file)
        expect(statSync(join(unpacked, file)).mode & 0o777, file).toBe(isProgram ? 0o755 : 0o644)
        expect(textOf(file).startsWith('#!'), file).toBe(isProgram)
      }
    })

    test('the version comes from package.json alone', () => {
      const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
      for (const file of files.filter((name) => /^dist\/[^/]+$/.test(name))) {
        expect(textOf(file).split('\n', 2)[1], file).toMatch(new RegExp(`^(?://|#) breakerbox ${version} `))
        // a package of the same version may be in it, as `NAME VERSION`
        expect(textOf(file).includes(`breakerbox ${own}`), file).toBe(false)
      }
    })

    test('its papers lead to files that are in it, but for what only a clone has', () => {
      const papers = files.filter((file) => file.endsWith('.md'))
      const links = papers.flatMap((file) =>
        relativeLinks(textOf(file)).map((link) => posix.join(posix.dirname(file), link)),
      )
      expect(links.length).toBeGreaterThan(10)
      expect([...new Set(links.filter((link) => !files.includes(link)))]).toEqual(['CONTRIBUTING.md'])
    })
  })

  describe('installed globally, with no network and no packages beside it', () => {
    const commands = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).bin)
    const environment = (project: TempProject) => ({ ...bareEnvironment(project.home), ...bare })

    test('brings nothing along', () => {
      expect(readdirSync(join(prefix, 'lib', 'node_modules'))).toEqual(['breakerbox'])
      expect(existsSync(join(installed, 'node_modules'))).toBe(false)
      expect(readdirSync(join(prefix, 'bin')).sort()).toEqual([...commands].sort())
    })

    test.each(commands)('%s runs by its name', (command) => {
      const env = environment(home)
      if (command === 'hook-guard') {
        const guarded = run(command, ['--', 'sh', '-c', 'cat; exit 3'], home.home, env)
        expect(guarded).toMatchObject({ exitCode: 3, stdout: '' })
        return
      }
      expect(run(command, ['--version'], home.home, env)).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' })
      expect(run(command, ['--help'], home.home, env)).toMatchObject({ exitCode: 0, stderr: '' })
    })

    test('guards a project from install to uninstall', { timeout: 60_000 }, async () => {
      const project = createTempProject()
      onTestFinished(project.remove)
      const env = environment(project)
      const command = (...words: readonly string[]) => run(words[0] ?? '', words.slice(1), project.folder, env)
      expect(command('breakerbox', 'install')).toMatchObject({ exitCode: 0, stderr: '' })
      await playLoop(project, { failures: 3, refusals: 1 }, bare)
      const status = command('circuit-status', '--json')
      expect(status).toMatchObject({ exitCode: 0, stderr: '' })
      expect(JSON.parse(status.stdout)).toMatchObject({ circuits: [{ pattern: 'tool_failure', state: 'open' }] })
      expect(command('hook-health')).toMatchObject({ exitCode: 0, stderr: '' })
      // what starts it detached needs more programs than the hooks do
      const PATH = [bare['PATH'], '/usr/bin', '/bin'].join(delimiter)
      const reset = await runDetached('reset-circuit --all', { cwd: project.folder, env: { ...env, PATH } })
      expect(reset).toMatchObject({ exitCode: 0, stderr: '' })
      await playLoop(project, { failures: 1, refusals: 0 }, bare)
      expect(command('breakerbox', 'uninstall', '--purge')).toMatchObject({ exitCode: 0, stderr: '' })
      expect(readdirSync(project.folder)).toEqual([])
    })
  })

  describe('as a library', () => {
    let user = ''
    beforeAll(() => {
      user = join(home.folder, 'user')
      mkdirSync(user)
      writeFileSync(join(user, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }))
      must('npm', ['install', tarball], user)
    })

    test('works without the client of a server, and says so where one is asked for', () => {
      expect(readdirSync(join(user, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['breakerbox'])
      const program = `
        import { CircuitOpenError, createCircuitBreaker, openFileStore, openHookStates, openRedisStore, patternTracker } from 'breakerbox'
        import schema from 'breakerbox/config/breakerbox.schema.json' with { type: 'json' }
        const causes = []
        const redis = openRedisStore('redis://127.0.0.1:1', { onChange: (cause) => causes.push(cause) })
        const said = []
        for (const store of [undefined, openFileStore(process.cwd() + '/state'), redis]) {
          const breaker = createCircuitBreaker({ name: 'search', failMax: 1, ...(store && { store }) })
          await breaker.execute(() => Promise.reject(new Error('503'))).catch(({ message }) => said.push(message))
          await breaker.execute(() => 1).catch((error) => said.push(error instanceof CircuitOpenError && error.state))
        }
        console.log(JSON.stringify({ said, causes, healthy: (await openHookStates().health()).healthy,
          tracked: patternTracker().trackCreation({ file: 'a.ts' }).kind, schema: Object.keys(schema.properties) }))
      `
      const { exitCode, stdout, stderr } = run(
        process.execPath,
        ['--no-warnings', '--input-type=module', '--eval', program],
        user,
      )
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      expect(JSON.parse(stdout)).toEqual({
        said: ['503', 'open', '503', 'open', '503', 'open'],
        causes: [expect.stringContaining("'@redis/client'")],
        healthy: true,
        tracked: 'off',
        schema: expect.arrayContaining(['redis', 'tracking']),
      })
    })

    test.each([
      ['node16', 'node16'],
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ])('its types stand alone, module %s and resolution %s', (module, moduleResolution) => {
      writeFileSync(join(user, 'use.ts'), useOfTypes)
      const compilerOptions = {
        ...{ module, moduleResolution, target: 'es2022', lib: ['es2022'] },
        ...{ strict: true, noEmit: true, types: [], skipLibCheck: false },
      }
      writeFileSync(join(user, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['use.ts'] }))
      const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
      const compiled = run(process.execPath, [compiler, '-p', '.'], user)
      expect(compiled).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    })
  })
})

const useOfTypes = `
import { type CircuitState, createCircuitBreaker, type HookHealth, openFileStore, openHookStates, openRedisStore, patternTracker, type PatternTracker, type Store } from 'breakerbox'
const store: Store & { close(): void } = openRedisStore('redis://127.0.0.1', { prefix: 'a:' })
const breaker = createCircuitBreaker({ name: 'search', store: openFileStore('/state') })
export const length: number = await breaker.wrap(async (text: string) => text.length)('text')
// @ts-expect-error a threshold is a number
createCircuitBreaker({ name: 'search', failMax: 'three' })
export const health: HookHealth = await openHookStates().health()
export const tracker: PatternTracker = patternTracker({ content: false })
export type Kinds = CircuitState
store.close()
`

/** Files below a folder, as a path from it. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort()

/** A folder with the programs that the hooks' commands name, for a search path. */
function almostEmptyFolder(home: TempProject): string {
  const folder = join(home.folder, 'programs')
  mkdirSync(folder)
  symlinkSync(process.execPath, join(folder, 'node'))
  for (const name of ['sh', 'cat']) {
    const found = ['/bin', '/usr/bin'].map((place) => join(place, name)).find((path) => existsSync(path))
    symlinkSync(found ?? `/bin/${name}`, join(folder, name))
  }
  return folder
}
