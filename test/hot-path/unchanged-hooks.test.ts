import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import * as payloads from '../support/payloads.ts'
import type { TempProject } from '../support/temp-project.ts'
import { begunProject, placeHooks, watchHook } from './scene.ts'

const prompt = async (project: TempProject) =>
  (await watchHook(project, 'prompt-intake', payloads.userPromptSubmit({ project }, 'next'))).counts.reads

const seen = (project: TempProject) =>
  project
    .readJson<{ facts: string[] }>('.claude/memory/circuit_breaker_seen.json')
    ?.facts.find((fact) => fact.startsWith('hook circuit-breaker-gate.cjs'))

test('a prompt reads hook files only once, and again when one was changed, whatever size and time it shows', async () => {
  const project = await begunProject()
  placeHooks(project)
  const [first, second, third] = [await prompt(project), await prompt(project), await prompt(project)]
  // The four hooks, and the list of them once more under its lock.
  expect([first - third, second]).toEqual([4 + 1, third])

  const before = seen(project)
  const gate = project.path('.claude', 'hooks', 'circuit-breaker-gate.cjs')
  const { size, atime, mtime } = statSync(gate)
  writeFileSync(gate, readFileSync(gate, 'utf8').replace('breakerbox', 'breakerboy'))
  utimesSync(gate, atime, mtime)
  expect([statSync(gate).size, Math.abs(statSync(gate).mtimeMs - mtime.getTime()) < 1]).toEqual([size, true])
  expect(await prompt(project)).toBe(third + 1 + 1)
  expect(seen(project)).not.toBe(before)
  expect(await prompt(project)).toBe(third)
})
