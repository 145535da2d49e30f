import { expect, it } from 'vitest'
import { startConversation } from '../support/client.ts'
import { bash, call, repeat, say } from '../support/fake-model.ts'
import * as payloads from '../support/payloads.ts'
import { installRecordingHooks, type RecordedEvent, recordedEvents } from '../support/recording-hooks.ts'
import { createTempProject } from '../support/temp-project.ts'
import { describeWithClient, play, scriptedModel } from './scenario.ts'

/**
 * What the other tests stand on: the client as it behaves without any breaker, seen by hooks that only write down what
 * they are told. When a new version of the client breaks the scenarios, look here first.
 */
const recordingProject = (answer?: string) => {
  const project = createTempProject()
  installRecordingHooks(project, answer)
  return project
}

const fieldsOf = (event: object) => Object.keys(event).sort()
const named = (events: readonly RecordedEvent[], name: string, agent = false) =>
  events.find((event) => event.hook_event_name === name && (event.agent_id !== undefined) === agent)

describeWithClient('the real client', () => {
  it('sends what the payload builders build', async () => {
    const project = recordingProject()
    try {
      await play(project, {
        main: [
          [bash('echo hi'), bash('exit 3')],
          [
            call('Agent', {
              description: 'a',
              prompt: 'SURVEY',
              subagent_type: 'general-purpose',
              run_in_background: false,
            }),
          ],
          [say('end')],
        ],
        agents: { SURVEY: [[bash('echo sub')], [say('sub end')]] },
      })
      const events = recordedEvents(project)
      const scene = { project }
      const sub = { project, agent: 'a1' }
      const planned = payloads.bashCall('exit 3', 'toolu_1')
      const failing = events.find((event) => event.hook_event_name === 'PostToolUseFailure')
      expect(failing?.['error']).toBe('Exit code 3')
      const rows: readonly (readonly [object, RecordedEvent | undefined])[] = [
        [payloads.sessionStart(scene), named(events, 'SessionStart')],
        [payloads.userPromptSubmit(scene, 'go'), named(events, 'UserPromptSubmit')],
        [payloads.preToolUse(scene, planned), named(events, 'PreToolUse')],
        [payloads.postToolUse(scene, planned, payloads.bashResponse('hi')), named(events, 'PostToolUse')],
        [payloads.postToolUseFailure(scene, planned, 'Exit code 3'), failing],
        [payloads.postToolBatch(scene, [[planned, 'Exit code 3']]), named(events, 'PostToolBatch')],
        [payloads.subagentStart(sub), named(events, 'SubagentStart', true)],
        [payloads.preToolUse(sub, planned), named(events, 'PreToolUse', true)],
        [payloads.subagentStop(sub, 'sub end'), named(events, 'SubagentStop', true)],
        [payloads.stop(scene, 'end'), named(events, 'Stop')],
        [payloads.sessionEnd(scene), named(events, 'SessionEnd')],
      ]
      for (const [builtByUs, sent] of rows) expect(fieldsOf(builtByUs)).toEqual(fieldsOf(sent ?? {}))
    } finally {
      project.remove()
    }
  })

  it('shows the model a refusal, and the person a message', async () => {
    const project = recordingProject(`
      if (event.hook_event_name !== 'PreToolUse' || event.tool_input.command !== 'false') return undefined
      return {
        systemMessage: 'for the person',
        hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'deny', permissionDecisionReason: 'not now' },
      }`)
    try {
      const run = await play(project, [[bash('false')], [bash('echo on')], [say('end')]])
      expect(run.results.map((result) => result.text.split('\n')[0])).toEqual([
        'PreToolUse:Bash hook error: not now',
        'on',
      ])
      expect(run.shown).toEqual(['PreToolUse:Bash says: for the person'])
      expect(run.result).toMatchObject({ terminal_reason: 'completed', result: 'end' })
    } finally {
      project.remove()
    }
  })

  it('scripts a subagent apart from the main agent', async () => {
    const project = recordingProject()
    try {
      const run = await play(project, {
        main: [
          [
            call('Agent', {
              description: 'a',
              prompt: 'SURVEY',
              subagent_type: 'general-purpose',
              run_in_background: false,
            }),
          ],
          [bash('echo main')],
          [say('end')],
        ],
        agents: { SURVEY: [...repeat(2, bash('echo sub')), [say('sub end')]] },
      })
      const commands = (conversation: string) =>
        run.model.toolResults(conversation).map((result) => result.input['command'] ?? result.tool)
      expect(commands('main')).toEqual(['Agent', 'echo main'])
      expect(commands('SURVEY')).toEqual(['echo sub', 'echo sub'])
    } finally {
      project.remove()
    }
  })

  it('goes on with a session, and compacts it, under the same id', async () => {
    const project = recordingProject()
    try {
      const model = await scriptedModel([[bash('echo one')], [say('first')], [bash('echo two')], [say('second')]])
      const conversation = startConversation({ project, model })
      conversation.type('go')
      await conversation.waitFor((record) => record.type === 'result')
      const seen = conversation.records.length
      conversation.type('/compact')
      await conversation.waitFor((record) => record.type === 'result', seen)
      const compacted = conversation.records.length
      conversation.type('go on')
      await conversation.waitFor((record) => record.type === 'result', compacted)
      const run = await conversation.finish()
      const events = recordedEvents(project)
      expect(new Set(events.map((event) => event.session_id))).toEqual(new Set([run.sessionId]))
      expect(events.filter((event) => event.hook_event_name === 'SessionStart').map((event) => event.source)).toEqual([
        'startup',
        'compact',
      ])
      expect(run.result.result).toBe('second')
    } finally {
      project.remove()
    }
  })
})
