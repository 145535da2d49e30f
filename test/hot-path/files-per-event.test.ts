import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { HookInput, HookName } from '../support/built-hook.ts'
import * as payloads from '../support/payloads.ts'
import type { TempProject } from '../support/temp-project.ts'
import {
  ageProject,
  beginLog,
  begunProject,
  type FileCounts,
  knownCall,
  openCircuit,
  placeHooks,
  sessionFile,
  watchHook,
} from './scene.ts'

/**
 * What each event asks of the disk, at most. One update of a document is one lock: two folders made (the lock, and the
 * claim in it), one rename that takes it, two folders removed. What it writes is one file more, one sync and one rename.
 */
interface Row {
  readonly event: string
  readonly why: string
  readonly hook: HookName
  readonly input: (project: TempProject) => HookInput
  readonly most: FileCounts
  /** Brings the project to the point where the event comes. */
  readonly before?: (project: TempProject) => void | Promise<void>
}

const none = { looks: 0, lists: 0, reads: 0, writes: 0, syncs: 0, renames: 0, folders: 0, removals: 0 }
const fresh = payloads.bashCall('date', 'toolu_fresh')

const rows: Row[] = [
  {
    event: 'gate, nothing to do',
    why: 'config and state are read',
    hook: 'circuit-breaker-gate',
    input: (project) => payloads.preToolUse({ project }, fresh),
    most: { ...none, looks: 3, reads: 2 },
  },
  {
    event: 'gate, a circuit of another call is open',
    why: 'the same',
    hook: 'circuit-breaker-gate',
    input: (project) => payloads.preToolUse({ project }, fresh),
    before: openCircuit,
    most: { ...none, looks: 3, reads: 2 },
  },
  {
    event: 'gate, this call is refused',
    why: 'one refusal is counted: state and windows are looked at, then updated, and the log is told',
    hook: 'circuit-breaker-gate',
    input: (project) => payloads.preToolUse({ project }, payloads.bashCall('make', 'toolu_again')),
    before: openCircuit,
    most: { ...none, looks: 25, reads: 8, writes: 2, syncs: 1, renames: 3, folders: 4, removals: 4 },
  },
  {
    event: 'monitor, PostToolUse of a call that is known',
    why: 'config, state and windows are read, the spool is listed',
    hook: 'circuit-breaker-monitor',
    input: knownCall,
    most: { ...none, looks: 8, lists: 1, reads: 3 },
  },
  {
    event: 'monitor, PostToolBatch with one new call',
    why: 'the state is locked, the windows are written: one sync',
    hook: 'circuit-breaker-monitor',
    input: (project) => payloads.postToolBatch({ project }, [[fresh, 'noon']]),
    most: { ...none, looks: 21, lists: 1, reads: 5, writes: 1, syncs: 1, renames: 3, folders: 4, removals: 4 },
  },
  {
    event: 'prompt-intake',
    why: 'the same, and state, circuit of the model API, list, hooks and settings are looked at; hooks that did not change are not read',
    hook: 'prompt-intake',
    input: (project) => payloads.userPromptSubmit({ project }, 'next'),
    before: async (project) => {
      placeHooks(project)
      await watchHook(project, 'prompt-intake', payloads.userPromptSubmit({ project }, 'with hooks'))
    },
    most: { ...none, looks: 38, lists: 2, reads: 7, writes: 1, syncs: 1, renames: 3, folders: 4, removals: 4 },
  },
]

const janitor: Row = {
  event: 'janitor, nothing to do',
  why: 'it looks at every file and around as a prompt does, and the start of a known session goes to the spool',
  hook: 'memory-janitor',
  input: (project) => payloads.sessionStart({ project }),
  most: { ...none, looks: 37, lists: 8, reads: 5, writes: 1, renames: 1 },
}

/** The kinds of which there were more than allowed. */
const excess = (counts: FileCounts, most: FileCounts) =>
  Object.fromEntries(Object.entries(counts).filter(([kind, count]) => count > most[kind as keyof FileCounts]))

async function begunFor({ before }: Row): Promise<TempProject> {
  const project = await begunProject()
  beginLog(project)
  await before?.(project)
  return project
}

/** Every module of Node that an empty program does not have costs time; none of these events needs one. */
const allowed: readonly string[] = []

test.each([...rows, janitor])('$event: $why', async (row) => {
  const project = await begunFor(row)
  const { exitCode, stderr, counts, modules } = await watchHook(project, row.hook, row.input(project))
  expect([exitCode, stderr, excess(counts, row.most)]).toEqual([0, '', {}])
  expect(modules.filter((module) => !allowed.includes(module))).toEqual([])
})

test.each(rows)('$event: the same after 200 calls, with 300 sessions and a log of 5 MB', async (row) => {
  const project = await begunFor(row)
  ageProject(project)
  const { exitCode, stderr, counts } = await watchHook(project, row.hook, row.input(project))
  expect([exitCode, stderr, excess(counts, row.most)]).toEqual([0, '', {}])
})

const large = `${'the quick brown fox '.repeat(500_000)}\nsecret ending`

test.each([
  [
    'PostToolUse',
    (project: TempProject, said: string) => payloads.postToolUse({ project }, fresh, payloads.bashResponse(said)),
  ],
  ['PostToolBatch', (project: TempProject, said: string) => payloads.postToolBatch({ project }, [[fresh, said]])],
])(
  '%s with a result of 10 MB costs as many files as a small one, and leaves none of it behind',
  async (_event, input) => {
    const seen: FileCounts[] = []
    for (const said of ['noon', large]) {
      const project = await begunProject()
      const watched = await watchHook(project, 'circuit-breaker-monitor', input(project, said))
      expect([watched.exitCode, watched.stderr, watched.stdout]).toEqual([0, '', ''])
      seen.push(watched.counts)
      const kept = readFileSync(sessionFile(project), 'utf8')
      expect(kept).toContain(fresh.id)
      expect(kept).not.toMatch(/quick brown|secret ending/)
      expect(kept.length).toBeLessThan(20_000)
      expect(project.exists('.claude/memory/circuit_breaker_spool') && readdirSync(spool(project))).toEqual([])
    }
    expect(seen[1]).toEqual(seen[0])
  },
)

const spool = (project: TempProject) => join(project.memory, 'circuit_breaker_spool')
