/**
 * What hooks add to a session of the real client: 60 tool calls against a scripted model, without hooks, with ours, with a
 * naive Node hook on both tool events, and with a Python hook; medians of several rounds in turn. `npm run bench:client`.
 */
import { readFileSync } from 'node:fs'
import { root, runCommand } from '../test/support/built-hook.ts'
import { runClient } from '../test/support/client.ts'
import { ensureClient } from '../test/support/client-copy.ts'
import { bash, type Step, say, startFakeModel } from '../test/support/fake-model.ts'
import { createTempProject, type TempProject } from '../test/support/temp-project.ts'

const calls = 60
const rounds = Number(process.argv[2] ?? 5)

/** Different commands, as healthy work has. */
const script: Step[] = [...Array.from({ length: calls }, (_, i) => [bash(`true ${i}`)]), [say('done')]]

const arrangements: Record<string, (project: TempProject) => Promise<void>> = {
  'no hooks': async () => {},
  breakerbox: async (project) => {
    const { exitCode, stderr } = await runCommand('breakerbox', ['install', '--project', project.folder], { project })
    if (exitCode !== 0) throw new Error(stderr)
  },
  'naive node': async (project) => {
    project.write(
      '.claude/hook.mjs',
      "let text = ''\nfor await (const chunk of process.stdin) text += chunk\nJSON.parse(text)\n",
    )
    onBothEvents(project, 'node "$CLAUDE_PROJECT_DIR"/.claude/hook.mjs')
  },
  python: async (project) => {
    project.write('.claude/hook.py', 'import json, sys\njson.load(sys.stdin)\n')
    onBothEvents(project, 'python3 "$CLAUDE_PROJECT_DIR"/.claude/hook.py')
  },
}

function onBothEvents(project: TempProject, command: string): void {
  const entry = [{ matcher: '*', hooks: [{ type: 'command', command }] }]
  project.write('.claude/settings.json', { hooks: { PreToolUse: entry, PostToolUse: entry } })
}

/** Seconds of processor time that finished children of this process have used, by the kernel's account. */
function childSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[13]) + Number(fields[14])) / 100
}

async function once(arrange: (project: TempProject) => Promise<void>): Promise<{ ms: number; cpu: number }> {
  const project = createTempProject()
  const model = await startFakeModel(script)
  try {
    await arrange(project)
    const cpu = childSeconds()
    const startedAt = performance.now()
    const run = await runClient({ project, model, prompt: 'go', allowedTools: ['Bash'], timeoutSeconds: 120 })
    const ms = performance.now() - startedAt
    if (run.result.result !== 'done')
      throw new Error(`the run ended early: ${JSON.stringify(run.result).slice(0, 400)}`)
    return { ms, cpu: childSeconds() - cpu }
  } finally {
    await model.close()
    project.remove()
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

const client = ensureClient(root, process.env)
if (client.kind === 'missing') throw new Error(`no client: ${client.reason}`)
process.env['CLAUDE_BIN'] = client.executable

const times: Record<string, { ms: number[]; cpu: number[] }> = {}
for (let round = 0; round < rounds; round += 1) {
  for (const [name, arrange] of Object.entries(arrangements)) {
    const { ms, cpu } = await once(arrange)
    times[name] ??= { ms: [], cpu: [] }
    times[name].ms.push(ms)
    times[name].cpu.push(cpu)
  }
}
const base = times['no hooks'] ?? { ms: [], cpu: [] }
for (const [name, { ms, cpu }] of Object.entries(times)) {
  const perCall = (values: number[], bases: number[], scale: number) =>
    values.map((value, i) => ((value - (bases[i] ?? 0)) * scale) / calls)
  const added = perCall(ms, base.ms, 1)
  const addedCpu = perCall(cpu, base.cpu, 1000)
  console.log(
    `${name.padEnd(12)} whole ${median(ms).toFixed(0).padStart(6)} ms   added per call ${median(added).toFixed(1).padStart(6)} ms (${Math.min(...added).toFixed(1)} to ${Math.max(...added).toFixed(1)})   processor ${median(addedCpu).toFixed(1).padStart(6)} ms`,
  )
}
