import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readGuardCommand } from '../../lib/guard/guard-command.ts'
import { hookId, hookKey } from '../../lib/guard/hook-key.ts'
import { type GuardWishes, planGuard, planRelease, unguarded } from '../../lib/install/guard-plan.ts'
import { guardSeconds } from '../../lib/install/guard-wrap.ts'
import { ownCommands, type Scope } from '../../lib/install/hook-table.ts'
import { plainValue, readTree } from '../../lib/install/json-text.ts'
import { SettingsRefusal } from '../../lib/install/settings-text.ts'
import { settingsSamples } from './settings-samples.ts'

const wishes = (more: Partial<GuardWishes> = {}): GuardWishes => ({
  scope: 'project',
  home: '/home/you',
  shell: true,
  ownCommands: ownCommands('project'),
  isMeant: () => true,
  secondsFor: () => 30,
  ...more,
})

interface Hook {
  readonly command: string
  readonly args?: readonly string[]
}

/** Settings with one hook. */
const withHook = (hook: object, event = 'PreToolUse'): string =>
  JSON.stringify({ hooks: { [event]: [{ matcher: 'Bash', hooks: [hook] }] } })
const hookIn = (text: string): Hook => {
  const { hooks } = plainValue(readTree(text)) as { hooks: Record<string, { hooks: Hook[] }[]> }
  return Object.values(hooks)[0]?.[0]?.hooks[0] as Hook
}
const fates = (text: string, more: Partial<GuardWishes> = {}) =>
  planGuard(text, wishes(more)).hooks.map(({ fate }) => fate)

describe('a command for the shell', () => {
  test.each<[Scope, string]>([
    ['project', '"${CLAUDE_PROJECT_DIR:-.}"/.claude/hooks'],
    ['local', '"${CLAUDE_PROJECT_DIR:-.}"/.claude/hooks'],
    ['user', '"$HOME"/.claude/hooks'],
  ])('in %s scope', (scope, folder) => {
    const command = './check.sh "$HOME"'
    const text = planGuard(withHook({ type: 'command', command, timeout: 5 }), wishes({ scope })).text
    expect(hookIn(text)).toEqual({
      type: 'command',
      command: `set -- ${folder}/hook-guard.sh ${hookId(hookKey(command))} 4 convenience '${command}'; [ -f "$1" ] || exec /bin/sh -c "$5"; exec /bin/sh "$@"`,
      timeout: 5,
    })
  })

  test('keeps every other field of its entry', () => {
    const hook = { type: 'command', if: 'Bash(git *)', async: true, command: 'x', statusMessage: 'y', once: true }
    expect(hookIn(planGuard(withHook(hook), wishes()).text)).toEqual({ ...hook, command: expect.any(String) })
  })

  test.each([
    ['an apostrophe', `"it's"`],
    ['an apostrophe spelled as a number', String.raw`"it\u0027s '\u0027 x"`],
    ['a backslash before a letter that looks like one', String.raw`"a\\u0027b \\'"`],
    ['the shell’s own quoting', String.raw`"echo 'it'\\''s'"`],
    ['letters spelled as numbers', String.raw`"\u00fc\/ \"x\" \n"`],
    ['only apostrophes', `"'''"`],
  ])('with %s comes back as it was spelled', (_, spelled) => {
    const text = `{"hooks":{"Stop":[{"hooks":[{"type":"command","command":${spelled}}]}]}}`
    const { text: guarded } = planGuard(text, wishes())
    expect(guarded).not.toBe(text)
    expect(planRelease(guarded).text).toBe(text)
  })

  test('comes back letter for letter after somebody has formatted the file anew', () => {
    const command = `it\\u0027s '$CLAUDE_PROJECT_DIR' "\\n" \u00fc`
    const { text } = planGuard(withHook({ type: 'command', command }), wishes())
    expect(hookIn(planRelease(JSON.stringify(JSON.parse(text), null, 4)).text).command).toBe(command)
  })
})

describe('a program and its words, which no shell runs', () => {
  const hook = { type: 'command', command: 'my prog', args: ['a b', '$HOME', "it's"] }

  test.each<[Scope, string]>([
    ['project', '${CLAUDE_PROJECT_DIR}/.claude/hooks/hook-guard.cjs'],
    ['user', '/home/you/.claude/hooks/hook-guard.cjs'],
  ])('in %s scope', (scope, file) => {
    const { command, args } = hookIn(planGuard(withHook(hook), wishes({ scope, class: 'guard' })).text)
    expect(command).toBe('node')
    expect(args).toEqual([file, '--class', 'guard', '--timeout', '30', '--', 'my prog', ...hook.args])
  })

  test.each(['["a","b"]', '[ "a" , "b" ]', '[]', '[ ]', '[\n  "a", // one\n  "b"\n]', '["a",]'])(
    'with args %s comes back',
    (args) => {
      const text = `{"hooks":{"Stop":[{"hooks":[{"type":"command","args":${args},"command":"\\u0061"}]}]}}`
      const { text: guarded } = planGuard(text, wishes())
      expect(guarded).not.toBe(text)
      expect(planRelease(guarded).text).toBe(text)
    },
  )

  test('where there is no POSIX shell, one is not used', () => {
    const text = `{ "hooks": { "Stop": [\n  { "hooks": [{ "type": "command", "command": "a\\/b %X%" }] }\n] } }`
    const { text: guarded } = planGuard(text, wishes({ shell: false }))
    expect(guarded).toContain('"--shell", "a\\/b %X%" ]')
    expect(planRelease(guarded).text).toBe(text)
  })
})

describe('the event', () => {
  const forms: [form: string, hook: object, more?: Partial<GuardWishes>][] = [
    ['a command for the shell', { type: 'command', command: "it's" }],
    ['a command where there is no shell', { type: 'command', command: "it's" }, { shell: false }],
    ['a program and its words', { type: 'command', command: 'x', args: ['--event', 'Stop', '--'] }],
  ]
  describe.each(forms)('of %s', (_, hook, more = {}) => {
    test.each([
      ['Stop', true],
      ['SubagentStop', true],
      ['UserPromptSubmit', true],
      ['SessionStart', true],
      ['PreToolUse', false],
      ['PostToolUseFailure', false],
      ['PostToolBatch', false],
      ['PermissionRequest', false],
      ["no 'event'", false],
    ])('%s is named: %s', (event, isNamed) => {
      const text = withHook(hook, event)
      const { text: guarded, hooks } = planGuard(text, wishes(more))
      const { command, args } = hookIn(guarded)
      const front = args === undefined ? command.replace(/'.*'/s, '').split(';')[0] : args.slice(0, 7).join(' ')
      expect(front?.endsWith(` ${event}`)).toBe(isNamed)
      expect(hooks[0]?.fate).toEqual({
        kind: 'guarded',
        class: 'convenience',
        seconds: 30,
        ...(isNamed ? { event } : {}),
      })
      expect(planGuard(guarded, wishes(more)).text).toBe(guarded)
      expect(planRelease(guarded).text).toBe(text)
    })

    test('follows a hook that somebody moves, and its class stays', () => {
      const guarded = planGuard(withHook(hook, 'Stop'), wishes({ ...more, class: 'guard' })).text
      const moved = planGuard(guarded.replace('{"Stop":', '{"PreToolUse":'), wishes(more)).text
      expect(moved).toBe(planGuard(withHook(hook), wishes({ ...more, class: 'guard' })).text)
      const back = planGuard(moved.replace('{"PreToolUse":', '{"Stop":'), wishes(more)).text
      expect(back).toBe(guarded)
    })
  })

  test('is what the guard is told', () => {
    const { command } = hookIn(planGuard(withHook({ type: 'command', command: 'x' }, 'Stop'), wishes()).text)
    expect(command).toContain(` 30 convenience 'x' Stop; [ -f "$1" ]`)
    const { args = [] } = hookIn(
      planGuard(withHook({ type: 'command', command: 'x', args: ['y'] }, 'Stop'), wishes()).text,
    )
    expect(readGuardCommand(args.slice(1))).toMatchObject({
      command: ['x', 'y'],
      event: 'Stop',
      limits: { timeout_seconds: 30 },
    })
  })
})

describe('left alone', () => {
  test.each<[string, object, RegExp]>([
    ['other types', { type: 'http', url: 'https://x' }, /type http/],
    ['without a command', { type: 'command' }, /no command/],
    ['another shell', { type: 'command', command: 'x', shell: 'powershell' }, /powershell/],
    ['odd args', { type: 'command', command: 'x', args: [1] }, /args/],
    ['guarded by hand', { type: 'command', command: 'hook-guard -- npm run lint' }, /by hand/],
    ['guarded by hand, by path', { type: 'command', command: 'node "$X"/hook-guard.cjs --shell \'a\'' }, /by hand/],
  ])('%s', (_, hook, why) => {
    const text = withHook(hook)
    expect(fates(text)).toEqual([{ kind: 'left alone', why: expect.stringMatching(why) }])
    expect(planGuard(text, wishes()).text).toBe(text)
  })

  test('our own', () => {
    const [own = ''] = ownCommands('project')
    const text = withHook({ type: 'command', command: own })
    expect(fates(text)).toEqual([{ kind: 'own' }])
    expect(planGuard(text, wishes()).text).toBe(text)
  })

  test('what the user’s config excludes, and what is not meant', () => {
    const text = withHook({ type: 'command', command: 'x' })
    expect(fates(text, { secondsFor: () => undefined })).toEqual([
      { kind: 'left alone', why: 'excluded by your config' },
    ])
    expect(fates(text, { isMeant: () => false })).toEqual([{ kind: 'not meant' }])
  })

  test('a field that stands there twice', () => {
    const text = '{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"a","command":"b"}]}]}}'
    expect(planGuard(text, wishes()).text).toBe(text)
  })
})

describe('the time-out', () => {
  test.each<[unknown, number, number]>([
    [undefined, 30, 30],
    ['5', 30, 30],
    [600, 30, 30],
    [10, 30, 9],
    [5, 30, 4],
    [1, 30, 0.9],
    [0.05, 30, 0.1],
    [0, 30, 30],
    [600, 300, 300],
    [undefined, 2.5, 2],
  ])('of %s under a limit of %s s is %s s', (timeout, limit, seconds) => {
    expect(guardSeconds(timeout, limit)).toBe(seconds)
  })

  test('is told where it is cut by more than the guard needs', () => {
    expect(fates(withHook({ type: 'command', command: 'x', timeout: 300 }))[0]).toMatchObject({ ownTimeout: 300 })
    expect(fates(withHook({ type: 'command', command: 'x', timeout: 20 }))[0]).not.toHaveProperty('ownTimeout')
  })
})

test('guarding again changes nothing, but another class does', () => {
  const once = planGuard(
    withHook({ type: 'command', command: 'x', timeout: 300 }),
    wishes({ secondsFor: () => 200 }),
  ).text
  expect(planGuard(once, wishes()).text).toBe(once)
  expect(planGuard(once, wishes({ class: 'convenience' })).text).toBe(once)
  const { text, hooks } = planGuard(once, wishes({ class: 'guard' }))
  expect(text).toBe(once.replace('200 convenience', '30 guard'))
  expect(hooks).toMatchObject([{ command: 'x', fate: { kind: 'guarded', class: 'guard' } }])
})

test('a text that cannot be read is refused; what is asked of it otherwise leaves it', () => {
  expect(() => planGuard('{', wishes())).toThrow(SettingsRefusal)
  expect(() => planGuard('[]', wishes())).toThrow(SettingsRefusal)
  expect(unguarded('{')).toBe('{')
})

test.each(Object.entries(settingsSamples))('sample %s comes back', (_, text = '') => {
  const { text: guarded, hooks } = planGuard(text, wishes())
  expect(guarded === text).toBe(hooks.length === 0)
  expect(unguarded(guarded)).toBe(text)
})

test('random hooks in any indentation come back byte for byte', { timeout: 60_000 }, () => {
  const command = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom("'", '\\', '"', ' ', 'x', '$', '\n', 'ü') }))
  const hook = fc.record(
    { type: fc.constant('command'), command, args: fc.array(fc.string(), { maxLength: 3 }), timeout: fc.nat() },
    { requiredKeys: ['type', 'command'], noNullPrototype: true },
  )
  const group = fc.record(
    { matcher: fc.string(), hooks: fc.array(hook, { maxLength: 3 }) },
    { requiredKeys: ['hooks'] },
  )
  const hooks = fc.dictionary(fc.constantFrom('PreToolUse', 'Stop'), fc.array(group, { maxLength: 3 }))
  fc.assert(
    fc.property(hooks, fc.constantFrom<(string | number)[]>(0, 2, '\t'), fc.boolean(), (value, indent, shell) => {
      const text = JSON.stringify({ hooks: value }, null, indent)
      const { text: guarded } = planGuard(text, wishes({ shell }))
      expect(planRelease(guarded).text).toBe(text)
      expect(planGuard(guarded, wishes({ shell })).text).toBe(guarded)
    }),
    { numRuns: 300 },
  )
})
