import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type CommandForm, commandText, type HookRegistration, hookTable } from '../../lib/install/hook-table.ts'
import { firstPromptEnding, marksFolder, streakEnding } from '../../lib/session/session-marks.ts'
import { holdLookIn } from '../support/held-look.ts'
import * as payloads from '../support/payloads.ts'
import type { TempProject } from '../support/temp-project.ts'
import { begunProject, placeHooks } from './scene.ts'

/** Every program that a command could reach; a command that asks for another one fails, and the test with it. */
const programs = [
  'node',
  'cat',
  'mv',
  'cp',
  'rm',
  'ls',
  'wc',
  'grep',
  'sed',
  'mkdir',
  'touch',
  'date',
  'sleep',
  'nohup',
  'nice',
]

type Situation =
  | 'calm'
  | 'armed'
  | 'one waits'
  | 'two wait'
  | 'five wait'
  | 'a streak has begun'
  | 'first prompt'
  | 'the last look holds'
  | 'one waits, nobody watches'

/** How each form of command starts programs, in the order of their names. */
const started: Record<CommandForm, Partial<Record<Situation, readonly string[]>>> = {
  always: { calm: ['node'], armed: ['node'] },
  begun: { calm: ['node'], armed: ['node'], 'the last look holds': [] },
  names: { calm: ['node'], armed: ['node'] },
  armed: { calm: [], armed: ['node'], 'one waits': [] },
  prompted: { calm: ['node'], armed: ['node'], 'first prompt': ['cat', 'rm'] },
  waiting: {
    calm: [],
    armed: ['node'],
    'one waits': ['nice', 'node'],
    'one waits, nobody watches': ['nice', 'node'],
  },
  resting: { calm: [], armed: ['node'], 'one waits': ['nice', 'node'], 'one waits, nobody watches': [] },
  left: { calm: ['cat'], armed: ['cat'], 'one waits': ['cat'] },
  troubled: { calm: [], armed: [], 'one waits': [] },
  // The third also starts Node in the background, and so does each in a streak; where that has not helped, Node takes the batch itself.
  batch: {
    calm: ['cat'],
    armed: ['node'],
    'one waits': ['cat'],
    'two wait': ['cat', 'nice', 'node', 'sleep'],
    'a streak has begun': ['cat', 'nice', 'node'],
    'five wait': ['node'],
  },
}

const waiting: Partial<Record<Situation, number>> = {
  'one waits': 1,
  'two wait': 2,
  'five wait': 5,
  'one waits, nobody watches': 1,
}

const session = { CLAUDE_CODE_SESSION_ID: '0b0e8a5e-7f0c-4d0f-9b3a-6f5c2d1e0a9b', CLAUDE_PID: '4711' }
const firstPrompt = `${session.CLAUDE_CODE_SESSION_ID}-${session.CLAUDE_PID}${firstPromptEnding}`

const streak = `${session.CLAUDE_CODE_SESSION_ID}${streakEnding}`

const call = payloads.bashCall('date', 'toolu_fresh')

/** What the client sends for each event of the table. */
const inputs: Record<string, (project: TempProject) => object> = {
  SessionStart: (project) => payloads.sessionStart({ project }),
  UserPromptSubmit: (project) => payloads.userPromptSubmit({ project }, 'next'),
  PreToolUse: (project) => payloads.preToolUse({ project }, call),
  PostToolUse: (project) => payloads.postToolUse({ project }, call, payloads.bashResponse('noon')),
  PostToolUseFailure: (project) => payloads.postToolUseFailure({ project }, call, 'Exit code 1'),
  PostToolBatch: (project) => payloads.postToolBatch({ project }, [[call, 'noon']]),
  SubagentStart: (project) => payloads.subagentStart({ project, agent: 'a1' }),
  SubagentStop: (project) => payloads.subagentStop({ project, agent: 'a1' }, 'done'),
  Stop: (project) => payloads.stop({ project }, 'done'),
  StopFailure: (project) => ({ ...payloads.stop({ project }, 'done'), hook_event_name: 'StopFailure' }),
  SessionEnd: (project) => payloads.sessionEnd({ project }),
}

const cases = hookTable.flatMap((registration) =>
  (Object.entries(started[registration.form]) as [Situation, readonly string[]][]).map(([situation, names]) => ({
    event: [registration.event, registration.matcher].filter(Boolean).join(' '),
    registration,
    situation,
    names,
  })),
)

describe.skipIf(process.platform === 'win32')('a registered command starts only what it needs', () => {
  test.each(cases)('$event, $situation: $names', async ({ registration, situation, names }) => {
    const project = await installedProject()
    if (situation === 'armed') writeFileSync(join(project.memory, 'circuit_breaker_armed'), '')
    if (situation === 'first prompt') project.write(`.claude/memory/${marksFolder}/${firstPrompt}`, '')
    if (situation === 'a streak has begun') project.write(`.claude/memory/${marksFolder}/${streak}`, '')
    if (situation === 'the last look holds') {
      // what was installed in the same millisecond would count as changed since
      await sleep(20)
      holdLookIn(project.folder)
    }
    for (let i = 0; i < (waiting[situation] ?? 0); i += 1) {
      const batch = payloads.postToolBatch({ project }, [[payloads.bashCall(`ls ${i}`, `toolu_waits_${i}`), `${i}`]])
      writeFileSync(join(project.memory, 'circuit_breaker_spool', `batch-1-${i}.json`), JSON.stringify(batch))
    }
    const attended = situation === 'one waits, nobody watches' ? '0' : '1'
    const environment = { ...session, CLAUDE_CODE_SESSION_ATTENDED: attended }
    expect(await run(project, registration, environment, names.length)).toEqual({ exitCode: 0, stderr: '', names })
  })
})

async function installedProject(): Promise<TempProject> {
  const project = await begunProject()
  placeHooks(project)
  expect(existsSync(join(project.memory, 'circuit_breaker_spool'))).toBe(true)
  return project
}

/** Runs the command of a registration with nothing but watched programs in reach. */
async function run(
  project: TempProject,
  registration: HookRegistration,
  environment: Readonly<Record<string, string>>,
  expected: number,
) {
  const log = join(project.home, 'started')
  writeFileSync(log, '')
  const child = spawn('/bin/sh', ['-c', commandText('project', registration)], {
    cwd: project.folder,
    env: {
      ...environment,
      PATH: watchedPrograms(project, log),
      HOME: project.home,
      CLAUDE_PROJECT_DIR: project.folder,
    },
  })
  let stderr = ''
  child.stderr.on('data', (piece) => {
    stderr += piece
  })
  child.stdin.on('error', () => {})
  child.stdin.end(JSON.stringify(inputs[registration.event]?.(project)))
  const exitCode = await new Promise((resolve) => child.on('close', resolve))
  const startedSoFar = () => readFileSync(log, 'utf8').split('\n').filter(Boolean).sort()
  // What runs in the background may write its name a moment later.
  for (let i = 0; i < 100 && startedSoFar().length < expected; i += 1) await sleep(20)
  return { exitCode, stderr, names: startedSoFar() }
}

/** A folder in which each program writes its name into the log and then is the real one. */
function watchedPrograms(project: TempProject, log: string): string {
  const folder = join(project.home, 'programs')
  mkdirSync(folder)
  for (const name of programs) {
    const real = name === 'node' ? process.execPath : find(name)
    if (real === undefined) continue
    writeFileSync(join(folder, name), `#!/bin/sh\necho ${name} >>'${log}'\nexec '${real}' "$@"\n`)
    chmodSync(join(folder, name), 0o755)
  }
  symlinkSync('/bin/sh', join(folder, 'sh'))
  return folder
}

const find = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path))
