/**
 * Draws `docs/status.png`: the page that `circuit-status --html` makes, as a browser shows it, of a throwaway project. Its days
 * are samples, but nothing in them is written by hand: sessions are played turn by turn through hooks that were really
 * installed and guarded, and days pass by moving what they saved. Run it after a change of the page:
 * `node scripts/run.mjs scripts/page-picture.ts`. It needs Chromium.
 *
 * Words: `--all FOLDER` also writes pictures of a narrow, a dark and an empty page there, to look at.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startBrowser } from '../test/support/browser.ts'
import { fireEvent, root, runCommand } from '../test/support/built-hook.ts'
import * as payloads from '../test/support/payloads.ts'
import { PlayedProject } from '../test/support/played-project.ts'
import { createTempProject, type TempProject } from '../test/support/temp-project.ts'

const minute = 60
const hour = 60 * minute
const day = 24 * hour

const configPath = '.claude/memory/circuit_breaker_config.json'

/** The picture in the README: its width in CSS pixels, and the element before which it ends. */
const picture = { width: 880, before: '[aria-labelledby=past] details' }
/** What the picture shows for the throwaway project's folder. */
const shownFolder = '/home/you/web-shop'

if (spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' }).status !== 0)
  process.exit(1)
const project = createTempProject('web-shop')
const empty = createTempProject('new-project')
const browser = await startBrowser()
try {
  const page = await pageOf(await playedDays(project))
  const tab = await browser.open(page, { width: picture.width })
  const end = `document.querySelector('${picture.before}').getBoundingClientRect().top`
  const png = await tab.picture(Math.floor(await tab.evaluate<number>(end)))
  writeFileSync(join(root, 'docs', 'status.png'), png)
  console.log(`docs/status.png  ${(png.length / 1000).toFixed(0)} kB`)
  const [word, folder] = process.argv.slice(2)
  if (word === '--all' && folder !== undefined) await allPictures(folder, page)
} finally {
  await browser.close()
  project.remove()
  empty.remove()
}

async function allPictures(folder: string, page: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  await new PlayedProject(empty).install()
  const nothing = await pageOf(empty)
  for (const [name, path, view] of [
    ['wide-light', page, { width: 1000 }],
    ['wide-dark', page, { width: 1000, scheme: 'dark' }],
    ['narrow-light', page, { width: 390 }],
    ['narrow-dark', page, { width: 390, scheme: 'dark' }],
    ['print', page, { width: 794, media: 'print', scheme: 'dark' }],
    ['empty-light', nothing, { width: 1000 }],
    ['empty-narrow-dark', nothing, { width: 390, scheme: 'dark' }],
  ] as const) {
    writeFileSync(join(folder, `${name}.png`), await (await browser.open(path, view)).picture())
    console.log(name)
  }
}

async function pageOf(of: TempProject): Promise<string> {
  const path = join(of.home, 'status.html')
  const { exitCode, stderr } = await runCommand('circuit-status', ['--html', path], { project: of })
  if (exitCode !== 0) throw new Error(stderr)
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(of.folder, shownFolder))
  return path
}

/** A fortnight of a web shop's sessions. */
async function playedDays(of: TempProject): Promise<TempProject> {
  const played = new PlayedProject(of)
  of.write('.claude/format.sh', 'sleep 0.0$((RANDOM % 9))\n')
  of.write('.claude/notify.sh', 'echo "notify: cannot reach chat.internal:443" >&2\nexit 1\n')
  of.write('.claude/settings.json', {
    hooks: {
      PostToolUse: [{ hooks: [{ type: 'command', command: 'bash .claude/format.sh' }] }],
      Stop: [{ hooks: [{ type: 'command', command: 'sh .claude/notify.sh' }] }],
    },
  })
  await played.install()
  const guarded = await runCommand('breakerbox', ['guard-hooks'], { project: of })
  if (guarded.exitCode !== 0) throw new Error(guarded.stderr)
  const config = of.readJson<{
    circuit_breakers: Record<string, Record<string, unknown>>
    memory_limits: Record<string, unknown>
  }>(configPath)
  if (config !== undefined) {
    Object.assign(config.circuit_breakers['external_api'] ?? {}, { mode: 'warn', threshold: 20 })
    // Its days are moved, and what the janitor has packed is not.
    config.memory_limits['telemetry_max_age_days'] = 30
    // Long enough that the picture is taken while it runs.
    Object.assign(config.circuit_breakers['tool_failure'] ?? {}, { cooldown_base_seconds: 120 })
  }
  of.write(configPath, config)
  of.write(
    '.claude/memory/build_telemetry.jsonl',
    `${JSON.stringify({ at: new Date().toISOString(), took: 812 })}\n`.repeat(620),
  )

  const failing = { fails: 'Exit code 1\nAssertionError: expected 119 to equal 118.99' }
  const broken = {
    fails: "Exit code 2\nsrc/cart.ts(41,7): error TS2322: Type 'string' is not assignable to type 'number'.",
  }
  const passing = { says: 'ok' }
  let sessions = 0
  const session = async (): Promise<string> => {
    const name = `${(0x4f1c2d3b + 7919 * ++sessions).toString(16)}-4a59-4687-9bcd-ef0123456789`
    await played.begin(name)
    return name
  }
  /** So many turns of one command. */
  const turns = async (name: string, count: number, command: string, outcome: Parameters<typeof played.turn>[2]) => {
    for (let turn = 0; turn < count; turn += 1) {
      await played.turn(name, command, outcome)
      played.pass(35)
    }
  }
  /** The last turns wait for nothing: their circuit is still open when the picture is taken. */
  const mended = async (command: string, refusals: number, outcome: Parameters<typeof played.turn>[2] = failing) => {
    const name = await session()
    await turns(name, 3 + refusals, command, outcome)
    await played.edit(name, 'src/price.ts')
    await turns(name, 1, command, passing)
    await fireEvent(of, payloads.sessionEnd({ project: of, session: name }))
  }
  const polled = async (command: string, refusals: number) => {
    const name = await session()
    await turns(name, 4 + refusals, command, { says: 'Status: in_progress' })
    played.pass(10 * minute)
    await turns(name, 1, command, { says: 'Status: completed' })
  }
  const halted = async () => {
    const name = await session()
    await turns(name, 6, 'npm run deploy -- --env staging', broken)
    await played.prompt(name, 'Leave the deployment alone.')
  }

  await mended('npm test', 2)
  played.pass(2 * day)
  await polled('gh run view 8812', 1)
  played.pass(day)
  await mended('npm test', 1)
  await mended('npx tsc --noEmit', 1, broken)
  played.pass(day)
  await mended('npm test', 2)
  played.pass(3 * day)
  await halted()
  await polled('gh run view 8840', 2)
  played.pass(day)
  await mended('npm run build', 1, broken)
  played.pass(2 * day)
  await mended('npm test -- cart', 2)
  await mended('npx tsc --noEmit', 2, broken)
  await polled('gh run view 8907', 1)
  played.pass(2 * hour)
  await mended('npm test', 1)
  played.pass(day)
  await mended('npm run build', 1, broken)
  for (let stops = 0; stops < 4; stops += 1) await fireEvent(of, payloads.stop({ project: of }, 'done'))
  played.pass(40 * minute)
  const last = await session()
  for (let turn = 0; turn < 4; turn += 1)
    await played.turn(last, 'kubectl get pods -n shop', { says: 'api-7d9f  0/1  CrashLoopBackOff' })
  played.pass(60)
  for (let turn = 0; turn < 5; turn += 1) await played.turn(last, 'npm test -- checkout', failing)
  return of
}
