import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import * as promptCommands from '../../lib/cli/prompt-commands.ts'
import { runJanitor } from '../../lib/memory/janitor.ts'
import { describeReport } from '../../lib/memory/report.ts'
import { parseHookInput } from '../../lib/protocol/input.ts'
import type { Handled, HookHandler } from '../../lib/protocol/run-hook.ts'
import { gate } from '../../lib/session/gate.ts'
import { memoryJanitor } from '../../lib/session/memory-janitor.ts'
import { monitor } from '../../lib/session/monitor.ts'
import { monitorReactions } from '../../lib/session/monitor-reactions.ts'
import { promptIntake } from '../../lib/session/prompt-intake.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { Files, ProcessFacts, System } from '../../lib/system/system.ts'

export const noon = Date.parse('2026-03-04T12:00:00.000Z')

/** A temporary project with a clock of its own and nobody above it. */
export class Bench {
  readonly project: string
  readonly memory: string
  now = noon
  env: Record<string, string> = {}
  ancestors: ProcessFacts[] = []
  host = 'host'
  sleep = nodeSystem().sleep
  files: Files = nodeSystem().files
  /** Parts that stand beside the executable, by name. */
  parts: Record<string, unknown> = {
    'circuit-breaker-reactions': { monitorReactions },
    'prompt-commands': promptCommands,
    'memory-work': { runJanitor, describeReport },
  }
  #tokens = 0

  constructor() {
    this.project = realpathSync(mkdtempSync(join(tmpdir(), 'breakerbox-session-')))
    this.memory = join(this.project, '.claude', 'memory')
    onTestFinished(() => rmSync(this.project, { recursive: true, force: true }))
  }

  get system(): System {
    return {
      clock: () => this.now,
      files: this.files,
      processes: { pid: 4242, ancestors: () => this.ancestors },
      env: this.env,
      host: this.host,
      workingFolder: this.project,
      homeFolder: join(this.project, 'home'),
      sleep: this.sleep,
      loadPart: (name) => this.parts[name] ?? raise(name),
      token: () => (this.#tokens++).toString(16).padStart(8, '0'),
    }
  }

  path = (...parts: string[]) => join(this.memory, ...parts)

  /** Sends one payload to the hook that takes it. */
  async send(input: Readonly<Record<string, unknown>>, handler = handlerOf(input)): Promise<Handled> {
    const raw = JSON.stringify({ session_id: 'S', cwd: this.project, prompt_id: 'p1', ...input })
    return handler(this.system, parseHookInput(raw), raw)
  }

  /** A turn of one Bash call that fails; what the gate said to it. */
  async fails(command: string, id: string, error = 'Exit code 1\nboom'): Promise<string | undefined> {
    const call = { tool_name: 'Bash', tool_input: { command }, tool_use_id: id }
    const { answer } = await this.send({ hook_event_name: 'PreToolUse', ...call })
    if (answer.deny === undefined) await this.send({ hook_event_name: 'PostToolUseFailure', ...call, error })
    await this.send({
      hook_event_name: 'PostToolBatch',
      tool_calls: [
        { ...call, tool_response: answer.deny === undefined ? error : `PreToolUse:Bash hook error: ${answer.deny}` },
      ],
    })
    return answer.deny
  }
}

function handlerOf({ hook_event_name: event }: Readonly<Record<string, unknown>>): HookHandler {
  if (event === 'PreToolUse') return gate
  if (event === 'UserPromptSubmit') return promptIntake
  return event === 'SessionStart' ? memoryJanitor : monitor
}

function raise(name: string): never {
  throw new Error(`there is no part ${name}`)
}
