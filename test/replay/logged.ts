import type { LoggedCall, LoggedSession } from '../../lib/replay/call-log.ts'

/** A call of a call log; every call is a turn of its own, nine seconds after the one before. */
export const logged = (turn: number, fields: Partial<LoggedCall> = {}): LoggedCall => ({
  ts: new Date(Date.parse('2026-03-04T09:00:00.000Z') + turn * 9000).toISOString(),
  agent: 'main',
  prompt: 1,
  turn,
  id: `c${turn}`,
  tool: 'Bash',
  input: { command: 'npm test' },
  input_sha: 'i',
  failed: false,
  fail_kind: null,
  validation_error: false,
  interrupted: false,
  result_sha: 'r',
  result_norm_sha: 'n',
  result_head: 'ok',
  ...fields,
})

export const failing = (turn: number, fields: Partial<LoggedCall> = {}): LoggedCall =>
  logged(turn, { failed: true, fail_kind: 'exit_code', result_head: 'Exit code 1\nboom', ...fields })

export const loggedSession = (calls: readonly LoggedCall[], session = 'S'): LoggedSession => ({
  session,
  source: 'made',
  calls,
})
