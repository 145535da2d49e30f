import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Incident } from '../../lib/engine/incident.ts'
import { appendIncidents } from '../../lib/incidents/incident-log.ts'
import { readIncidents } from '../../lib/incidents/read-incidents.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'

const system = nodeSystem()
const trip: Incident = { at: '2026-03-04T12:00:00.000Z', kind: 'trip', session: 'S', subject: 'Bash(npm test)' }

function log(): string {
  const folder = mkdtempSync(join(tmpdir(), 'breakerbox-incidents-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'circuit_breaker_incidents.jsonl')
}

it('each incident is one line, for its owner only', () => {
  const path = log()
  appendIncidents(system, path, [trip, { ...trip, kind: 'denial' }])
  appendIncidents(system, path, [{ ...trip, kind: 'halt' }])
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(4)
  expect(readIncidents(system, path)).toEqual({
    incidents: [trip, { ...trip, kind: 'denial' }, { ...trip, kind: 'halt' }],
    damaged: 0,
  })
  expect(lstatSync(path).mode & 0o077).toBe(0)
})

it('nothing to say makes no file', () => {
  const path = log()
  appendIncidents(system, path, [])
  expect(readIncidents(system, path)).toEqual({ incidents: [], damaged: 0 })
  expect(() => lstatSync(path)).toThrow('ENOENT')
})

it('texts are bounded and hold no control characters', () => {
  const path = log()
  appendIncidents(system, path, [
    { ...trip, subject: 'x'.repeat(100_000), reason: `a\u001b[2J\nb\u0007${'😀'.repeat(5000)}` },
  ])
  const line = readFileSync(path, 'utf8')
  expect(line.length).toBeLessThan(4000)
  expect(line.trimEnd()).not.toMatch(/[\u0000-\u001f]|\\u00[01]/)
  expect(readIncidents(system, path).damaged).toBe(0)
})

it('damaged lines are counted, the others read', () => {
  const path = log()
  appendIncidents(system, path, [trip])
  appendFileSync(path, '{"at": "2026\n[]\n{"at":7,"kind":"x"}\nnull\n\n')
  appendIncidents(system, path, [trip])
  expect(readIncidents(system, path)).toEqual({ incidents: [trip, trip], damaged: 4 })
})

describe('what is no file', () => {
  it('a folder reads as an empty log', () => {
    const path = log()
    mkdirSync(path)
    expect(readIncidents(system, path)).toEqual({ incidents: [], damaged: 0 })
  })

  it('a link is neither read nor written through', () => {
    const path = log()
    const target = `${path}.target`
    writeFileSync(target, 'untouched')
    symlinkSync(target, path)
    expect(readIncidents(system, path).incidents).toEqual([])
    appendIncidents(system, path, [trip])
    expect(readFileSync(target, 'utf8')).toBe('untouched')
    expect(readIncidents(system, path).incidents).toMatchObject([{ kind: 'error' }, { kind: trip.kind }])
  })
})
