// A runaway session, played on real hooks: makes a throwaway project, runs the real `breakerbox install` in it, and sends
// the installed commands what Claude Code would send them, while `npm test` really fails and later really passes.
// Nothing about a decision is made up here: refusals, trips, probes and recoveries are read from the hooks' own output and
// from the incident log. Exits with 1 as soon as a step does not do what it says.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** First cooldown, seconds: short enough to watch, long enough that a slow machine refuses turn 4 before it is over. */
const cooldownSeconds = 3

const startedAt = performance.now()
const root = mkdtempSync(join(realpathSync(tmpdir()), 'breakerbox-demo-'))
const project = join(root, 'web shop')
const home = join(root, 'home')
const session = { session_id: 'demo', transcript_path: join(home, 'demo.jsonl'), cwd: project }

// ---- the screen

const colourful = process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
const paint = (code) => (text) => (colourful ? `\u001b[${code}m${text}\u001b[0m` : text)
const [bold, dim, red, green, yellow] = [1, 2, 31, 32, 33].map(paint)
const width = Math.max(40, Math.min(100, process.stdout.columns ?? 80))
const say = (text = '') => process.stdout.write(`${text}\n`)

/** Breaks text at spaces into lines of at most `columns`; a word that is longer is cut. */
function wrap(text, columns) {
  return text.split('\n').flatMap((paragraph) => {
    const lines = ['']
    for (const word of paragraph
      .split(' ')
      .flatMap((word) => word.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? [''])) {
      const line = lines.at(-1)
      if (line === '') lines[lines.length - 1] = word
      else if (line.length + 1 + word.length <= columns) lines[lines.length - 1] = `${line} ${word}`
      else lines.push(word)
    }
    return lines
  })
}

/** A frame around what the model reads. */
function box(text) {
  const inner = width - 6
  say(dim(`  ┌${'─'.repeat(inner + 2)}┐`))
  for (const line of wrap(text, inner)) say(`${dim('  │ ')}${line.padEnd(inner)}${dim(' │')}`)
  say(dim(`  └${'─'.repeat(inner + 2)}┘`))
}

const turnLine = (turn, command, mark, what) => say(`${bold(`turn ${turn}`)}  ${command}  ${mark} ${what}`)
const note = (text, style = dim) => {
  for (const line of wrap(text, width - 8)) say(`${' '.repeat(8)}${style(line)}`)
}
/** What a command printed, as it stands. */
const quote = (output, style = (text) => text) => {
  for (const line of output.trimEnd().split('\n')) say(`  ${style(line)}`)
}

// ---- processes

/** Runs a process to its end in the project, with nothing of our own environment but the search path. */
function run(file, words, input) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, words, {
      cwd: project,
      env: {
        PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
        HOME: home,
        USERPROFILE: home,
        CLAUDE_PROJECT_DIR: project,
      },
    })
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        output[name] += text
      })
    }
    child.stdin.on('error', () => {}) // a command that does not read its input
    child.on('error', reject)
    child.on('close', (exitCode) => resolve({ exitCode, ...output }))
    child.stdin.end(input ?? '')
  })
}

const own = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const { bin } = JSON.parse(readFileSync(own('package.json'), 'utf8'))
/** One of the built commands for people. */
const command = (name, ...words) => run(process.execPath, [own(bin[name]), ...words])

let steps = 0
/** Every claim of this demo is checked; a wrong one ends it. */
function check(holds, claim, evidence) {
  steps += 1
  if (!holds) throw new Error(`${claim}: not so\n${typeof evidence === 'string' ? evidence : JSON.stringify(evidence)}`)
}

// ---- the client's part

const memory = (name) => join(project, '.claude', 'memory', name)
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'))
const incidents = (kind) =>
  existsSync(memory('circuit_breaker_incidents.jsonl'))
    ? readFileSync(memory('circuit_breaker_incidents.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
        .filter((incident) => incident.kind === kind)
    : []

/** Sends an event to every command that the settings register for it, as the client does, and merges what they answer. */
async function fire(event, fields) {
  const { hooks } = readJson(join(project, '.claude', 'settings.json'))
  const matches = ({ matcher }) =>
    matcher === undefined || matcher === '' || matcher === '*' || new RegExp(matcher).test(fields.tool_name)
  const input = { ...session, prompt_id: 'prompt-1', permission_mode: 'default', hook_event_name: event, ...fields }
  let merged = {}
  for (const { command } of (hooks[event] ?? []).filter(matches).flatMap((entry) => entry.hooks)) {
    const { exitCode, stdout, stderr } = await run('sh', ['-c', command], JSON.stringify(input))
    check(exitCode === 0, `${event} is answered with exit code 0`, stderr)
    check(stderr === '', `${event} is answered without a complaint`, stderr)
    if (stdout.trim() !== '') merged = { ...merged, ...JSON.parse(stdout) }
  }
  return merged
}

let turn = 0
/**
 * One turn of the model: it asks for one Bash command. The command runs only if the gate lets it.
 *
 * @returns what the model reads, and whether the command ran and succeeded.
 */
async function play(text) {
  turn += 1
  const planned = { tool_name: 'Bash', tool_input: { command: text }, tool_use_id: `toolu_demo_${turn}` }
  const settle = (response) => fire('PostToolBatch', { tool_calls: [{ ...planned, tool_response: response }] })
  const gate = await fire('PreToolUse', planned)
  if (gate.hookSpecificOutput?.permissionDecision === 'deny') {
    const response = `PreToolUse:Bash hook error: ${gate.hookSpecificOutput.permissionDecisionReason}`
    await settle(response)
    return { ran: false, succeeded: false, response, context: '' }
  }
  const { exitCode, stdout, stderr } = await run('sh', ['-c', text])
  const printed = `${stdout}${stderr}`.trimEnd()
  const response = exitCode === 0 ? printed : `Exit code ${exitCode}\n${printed}`
  const seen =
    exitCode === 0
      ? await fire('PostToolUse', {
          ...planned,
          tool_response: { stdout, stderr, interrupted: false, isImage: false, noOutputExpected: false },
          duration_ms: 400,
        })
      : await fire('PostToolUseFailure', { ...planned, error: response, is_interrupt: false, duration_ms: 400 })
  const batch = await settle(response)
  const context = [seen, batch].map((answer) => answer.hookSpecificOutput?.additionalContext ?? '').find(Boolean) ?? ''
  return { ran: true, succeeded: exitCode === 0, response, context }
}

/** The line of a command's output that says how it went. */
const lastWord = (response) =>
  response
    .split('\n')
    .filter((line) => line !== '')
    .at(-1) ?? ''

// ---- the story

function makeProject() {
  mkdirSync(project)
  mkdirSync(home)
  writeFileSync(join(project, '.npmrc'), 'update-notifier=false\n')
  writeFileSync(join(project, 'price.txt'), '119\n')
  writeFileSync(
    join(project, 'package.json'),
    `${JSON.stringify({ name: 'web-shop', private: true, scripts: { test: 'node test.mjs' } }, null, 2)}\n`,
  )
  writeFileSync(
    join(project, 'test.mjs'),
    `import { readFileSync } from 'node:fs'
const price = Number(readFileSync('price.txt', 'utf8'))
console.log(price === 118.99 ? 'ok: the price is right' : 'AssertionError: expected ' + price + ' to equal 118.99')
process.exit(price === 118.99 ? 0 : 1)
`,
  )
}

async function story() {
  say(bold('Breakerbox demo: a runaway session, played on really installed hooks'))
  say()
  makeProject()

  say(`$ breakerbox install --project ${dim('…/web shop')}`)
  const installed = await command('breakerbox', 'install', '--project', project)
  check(installed.exitCode === 0, 'the installation succeeds', installed.stderr)
  const printed = installed.stdout.trimEnd().split('\n')
  const told = printed.filter((line) => !line.startsWith('create '))
  quote([`(${printed.length - told.length} files and folders created below .claude/)`, ...told].join('\n'), dim)
  const config = readJson(memory('circuit_breaker_config.json'))
  config.circuit_breakers.tool_failure.cooldown_base_seconds = cooldownSeconds
  writeFileSync(memory('circuit_breaker_config.json'), `${JSON.stringify(config, null, 2)}\n`)
  const { threshold } = config.circuit_breakers.tool_failure
  say()

  await fire('SessionStart', { source: 'startup' })
  await fire('UserPromptSubmit', { prompt: 'Make the tests pass.' })

  for (let failures = 1; failures <= threshold; failures += 1) {
    const asked = await play('npm test')
    check(asked.ran && !asked.succeeded, `turn ${turn}: npm test runs and fails`, asked)
    check(incidents('trip').length === (failures < threshold ? 0 : 1), `the circuit opens at ${threshold}`, asked)
    turnLine(turn, 'npm test', red('✗'), `${lastWord(asked.response)}  ${yellow(`${failures}/${threshold}`)}`)
  }
  const [trip] = incidents('trip')
  note(`circuit opened: ${trip.subject} ${trip.reason}`, yellow)
  say()

  const refused = await play('npm test')
  check(!refused.ran, `turn ${turn}: npm test is refused`, refused)
  check(incidents('denial').length === 1, 'the refusal is on record', incidents('denial'))
  turnLine(turn, 'npm test', red('■'), 'refused before it ran. The model reads:')
  box(refused.response)
  say()

  const other = await play('cat price.txt')
  check(other.ran && other.succeeded, `turn ${turn}: another command still runs`, other)
  turnLine(
    turn,
    'cat price.txt',
    green('✓'),
    `${lastWord(other.response)}  ${dim('(only the loop is blocked, Bash is not)')}`,
  )
  writeFileSync(join(project, 'price.txt'), '118.99\n')
  note('meanwhile a person mends price.txt')
  await coolDown()
  say()

  const probe = await play('npm test')
  check(probe.ran && probe.succeeded, `turn ${turn}: the probe runs and succeeds`, probe)
  check(incidents('probe').length === 1, 'exactly one probe was let through', incidents('probe'))
  const [recovery] = incidents('recovery')
  check(recovery !== undefined, 'the circuit has closed', incidents('reopen'))
  turnLine(turn, 'npm test', green('✓'), `let through as a probe: ${lastWord(probe.response)}`)
  note(`circuit closed: ${recovery.subject}${recovery.reason === undefined ? '' : ` ${recovery.reason}`}`, green)
  say()

  await fire('Stop', { stop_hook_active: false, last_assistant_message: 'done', background_tasks: [] })
  await fire('SessionEnd', { reason: 'other' })
  say(`$ circuit-status --project ${dim('…/web shop')}`)
  const status = await command('circuit-status', '--project', project)
  check(status.exitCode === 0, 'the status can be read', status.stderr)
  quote(status.stdout)
  say()
}

/** Waits until the circuit would let a probe through, showing what `circuit-status` says about it. */
async function coolDown() {
  let shown = ''
  for (let looks = 0; ; looks += 1) {
    const { stdout, stderr } = await command('circuit-status', '--json', '--project', project)
    check(stdout !== '', 'circuit-status answers', stderr)
    const circuit = JSON.parse(stdout).circuits.find(({ subject }) => subject.includes('npm test'))
    const left = Math.ceil(circuit?.cooldownRemainingSeconds ?? 0)
    if (looks === 0) check(left > 0 && left <= cooldownSeconds, 'the cooldown is running', stdout)
    if (left <= 0) break
    const line = `${' '.repeat(8)}cooldown: ${left} s until one probe is let through`
    // On a terminal one line counts down; in a log each second has its line.
    if (line !== shown) process.stdout.write(colourful ? `\r${dim(line)}` : `${line}\n`)
    shown = line
    await new Promise((done) => setTimeout(done, 200))
  }
  if (colourful) process.stdout.write(`\r${dim(`${' '.repeat(8)}cooldown: over`.padEnd(shown.length))}\n`)
}

const cleanUp = () => rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
process.on('SIGINT', () => {
  cleanUp()
  process.exit(130)
})

try {
  await story()
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  say(green(`${steps} checks passed in ${seconds} s. The throwaway project is gone again.`))
} catch (error) {
  process.exitCode = 1
  say(red(`The demo failed: ${error instanceof Error ? error.message : String(error)}`))
} finally {
  cleanUp()
}
