import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TempProject } from './temp-project.ts'

/** ISO 8601 in UTC, as everything on disk is written. */
const timestamp = /\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/g

/**
 * Lets `seconds` pass for everything that the breakers remember: every timestamp in the saved state and in the session
 * files moves back by that much. No test has to wait for a cooldown.
 *
 * @throws where there is no timestamp to move: a test that travels through nothing would prove nothing.
 */
export function passTime(project: TempProject, seconds: number): void {
  const sessions = join(project.memory, 'circuit_breaker_sessions')
  const files = [
    join(project.memory, 'circuit_breaker_state.json'),
    ...(existsSync(sessions) ? readdirSync(sessions).map((name) => join(sessions, name)) : []),
  ].filter((file) => file.endsWith('.json') && existsSync(file))
  if (moveTimes(files, seconds) === 0) {
    throw new Error(`nothing in ${project.memory} carries a timestamp: no time could pass`)
  }
}

/** Moves every timestamp in these files back by `seconds`; how many that were. */
export function moveTimes(files: readonly string[], seconds: number): number {
  let moved = 0
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    // Without the seal by which the breakers would notice that their state was written by somebody else.
    const earlier = text.replace(/,\n {2}"seal": "[^"]*"/, '').replace(timestamp, (at) => {
      moved += 1
      return new Date(Date.parse(at) - seconds * 1000).toISOString()
    })
    // Renamed into place as the store itself does it: no reader may see half a file.
    writeFileSync(`${file}.moved`, earlier, { mode: 0o600 })
    renameSync(`${file}.moved`, file)
  }
  return moved
}
