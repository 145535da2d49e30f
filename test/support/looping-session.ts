import { expect } from 'vitest'
import type { defaultConfig } from '../../lib/config/load.ts'
import { fireEvent } from './built-hook.ts'
import type { TempProject } from './temp-project.ts'

/** Plays turns of a session that asks for a failing `npm test` through the hooks that the project's settings register. */
export async function playLoop(
  project: TempProject,
  turns: { failures: number; refusals: number },
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const config = project.readJson<ReturnType<typeof defaultConfig>>('.claude/memory/circuit_breaker_config.json')
  // long enough that no machine is so slow that the cooldown is over before the last refusal
  if (config !== undefined) config.circuit_breakers.tool_failure.cooldown_base_seconds = 300
  project.write('.claude/memory/circuit_breaker_config.json', config)
  const error = 'Exit code 1\nAssertionError: expected 119 to equal 118.99'
  const common = { session_id: 'looping', prompt_id: 'prompt', cwd: project.folder }
  for (let turn = 1; turn <= turns.failures + turns.refusals; turn += 1) {
    const id = `${turns.failures}-${turn}`
    const call = { tool_name: 'Bash', tool_input: { command: 'npm test' }, tool_use_id: id }
    const [gate] = await fireEvent(project, { ...common, ...call, hook_event_name: 'PreToolUse' }, environment)
    const refusal = gate?.answer?.hookSpecificOutput?.permissionDecisionReason
    expect(refusal === undefined, `turn ${turn}`).toBe(turn <= turns.failures)
    if (refusal === undefined) {
      const failure = { ...common, ...call, hook_event_name: 'PostToolUseFailure', error, is_interrupt: false }
      await fireEvent(project, failure, environment)
    }
    const tool_response = refusal === undefined ? error : `PreToolUse:Bash hook error: ${refusal}`
    // the client sends no batch after a halt
    if (gate?.answer?.continue === false) return
    const tool_calls = [{ ...call, tool_response }]
    const batch = { ...common, hook_event_name: 'PostToolBatch', tool_calls }
    await fireEvent(project, batch, environment)
  }
}
