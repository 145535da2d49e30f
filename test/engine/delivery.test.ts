import { describe, expect, it } from 'vitest'
import {
  type Beat,
  cancelled,
  type Delivery,
  editNotFound,
  edits,
  fails,
  inAgent,
  lasting,
  passes,
  play,
  prints,
  prompt,
  reads,
  refused,
  spawns,
  succeeds,
  times,
  told,
  turn,
} from './story.ts'

const boom = fails('npm test', 'boom')
const same = prints('git status', 'nothing to commit')

const stories: Record<string, readonly (Beat | readonly Beat[])[]> = {
  'a failing command': [times(8, () => boom)],
  'a failing command with a probe that recovers': [boom, boom, boom, boom, passes(5), prints('npm test', 'ok'), boom],
  'a failing command with probes that fail': [boom, boom, boom, passes(5), boom, passes(10), boom, boom],
  'edit and re-run': [times(9, (i) => [edits('a.ts', `${i}`), boom])],
  'the same call with the same result': [times(9, () => same)],
  'A-B-A-B': [times(6, () => [same, reads('a.ts')])],
  'a call without output': [times(6, () => prints('true'))],
  'a busy poll': [times(9, (i) => lasting(1, succeeds('BashOutput', { bash_id: 'b' }, `running ${i}`)))],
  'an Edit that is never found': [times(8, () => editNotFound('a.ts'))],
  'a permission refusal': [times(8, () => refused('Bash', { command: 'npm i' }, 'This command requires approval'))],
  'many agents in one batch': [turn(...Array.from({ length: 9 }, (_, i) => spawns(`part ${i}`))), prints('ls', 'x')],
  'many outside calls': [times(14, (i) => succeeds('WebFetch', { url: `https://a.b/${i}` }, 'x'.repeat(i + 1)))],
  'many calls of one tool': [turn(...Array.from({ length: 12 }, (_, i) => prints(`echo ${i}`, `${i}`)))],
  'parallel failures and cancelled siblings': [times(4, () => turn(boom, cancelled('ls'), same, cancelled('pwd')))],
  'a loop in a subagent': [...inAgent('a1', ...Array(7).fill(boom)), spawns('x', 'a1'), boom],
  'a bypass': [prompt('go'), boom, boom, boom, boom, prompt('SUDO BYPASS'), boom, boom, prompt('go'), boom],
}

const outcome = (beats: readonly (Beat | readonly Beat[])[], delivery: Delivery) => {
  const session = play(beats, { delivery })
  return {
    incidents: told(session),
    turns: session.turns,
    person: session.person,
    memory: session.memory,
    circuits: session.circuits,
  }
}

describe('every event twice, as from settings and plugin together, counts once', () => {
  it.each(Object.entries(stories))('%s', (_name, beats) => {
    const once = outcome(beats, 'all')
    const twice = outcome(beats, 'twice')
    expect(twice.incidents).toEqual(once.incidents)
    expect(twice.person).toEqual(once.person)
    expect(twice.memory).toEqual(once.memory)
    expect(twice.circuits).toEqual(once.circuits)
  })
})

describe('without PostToolUse, the batch alone tells of what succeeded: the same verdicts', () => {
  it.each(Object.entries(stories))('%s', (_name, beats) => {
    const all = outcome(beats, 'all')
    const batch = outcome(beats, 'batch')
    expect(batch.incidents).toEqual(all.incidents)
    expect(batch.turns).toEqual(all.turns)
    expect(batch.circuits).toEqual(all.circuits)
  })
})
