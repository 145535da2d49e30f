import { describe, expect, it } from 'vitest'
import { type Streak, streakOf } from '../../lib/engine/streak.ts'
import {
  type Beat,
  editNotFound,
  edits,
  fails,
  inAgent,
  lasting,
  prints,
  prompt,
  Session,
  sleeps,
  times,
} from './story.ts'

const works = (count: number) => times(count, (n) => prints(`make ${n}`, `made ${n}`))
const looks = (count: number) => times(count, () => prints('git status', 'clean'))
const polls = (count: number, seconds = 1) =>
  times(count, (n) => lasting(seconds, prints('curl -s localhost/progress', `${n} % done`)))

const streakAfter = (beats: readonly (Beat | readonly Beat[])[], config = {}): Streak => {
  const session = new Session({ config })
  session.play(...beats)
  return streakOf(session.memory, session.config)
}

describe('how far a streak has come', () => {
  it.each<[string, Streak, (Beat | readonly Beat[])[]]>([
    ['nothing yet', 'none', []],
    ['other calls each time', 'none', [works(20)]],
    ['one call', 'none', [works(3), looks(1)]],
    ['one repeat', 'begun', [works(3), looks(2)]],
    ['a repeat with work in between', 'begun', [looks(1), works(5), looks(1)]],
    ['a cycle of two', 'begun', [looks(1), works(1), looks(1), works(1)]],
    ['another result', 'none', [prints('git status', 'clean'), prints('git status', 'one file changed')]],
    ['three times', 'near', [works(3), looks(3)]],
    ['a repeat that lies a few turns back', 'begun', [looks(2), works(2)]],
    ['one that lies further back', 'none', [looks(2), works(6)]],
    ['an edit in between', 'none', [looks(1), edits('a.ts'), looks(1)]],
    ['a prompt in between', 'none', [looks(1), prompt(), looks(1)]],
    ['a repeat after long waits', 'none', [looks(1), sleeps(30), looks(1)]],
    ['two polls', 'begun', [polls(2)]],
    ['five polls', 'near', [polls(5)]],
    ['two slow polls', 'none', [polls(2, 60)]],
    ['one failure', 'none', [fails('make', 'boom')]],
    ['two failures', 'near', [fails('make', 'boom'), fails('make', 'boom')]],
    ['a call that was rejected before it ran', 'near', [editNotFound('a.ts')]],
    ['a repeat of a subagent', 'begun', [works(1), inAgent('a1', prints('git status'), prints('git status'))]],
    ['the same call of two agents', 'none', [prints('git status'), ...inAgent('a1', prints('git status'))]],
  ])('%s: %s', (_what, streak, beats) => {
    expect(streakAfter(beats)).toBe(streak)
  })

  it('follows the thresholds, and what is off is not looked for', () => {
    const config = (repeated_call: object) => ({ circuit_breakers: { repeated_call } })
    expect(streakAfter([looks(3)], config({ threshold: 6 }))).toBe('begun')
    expect(streakAfter([looks(5)], config({ threshold: 6 }))).toBe('near')
    expect(streakAfter([looks(2)], config({ threshold: 3 }))).toBe('near')
    const off = { circuit_breakers: { repeated_call: { mode: 'off' }, busy_polling: { mode: 'off' } } }
    expect(streakAfter([looks(3)], off)).toBe('none')
  })
})
