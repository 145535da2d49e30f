import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { denyRules, ownCommands, settingsEntries } from '../../lib/install/hook-table.ts'
import { plainValue, readTree } from '../../lib/install/json-text.ts'
import { planInstall, planUninstall, settingsWarnings, type Wanted } from '../../lib/install/plan.ts'
import { SettingsRefusal } from '../../lib/install/settings-text.ts'
import { settingsSamples } from './settings-samples.ts'

const wanted: Wanted = {
  entries: settingsEntries('project'),
  commands: ownCommands('project'),
  deny: denyRules('project'),
}
const gates = wanted.entries.filter(({ event }) => event === 'PreToolUse').map(({ hook }) => [hook.command])
const gate = gates[0]?.[0] ?? ''

const data = (text: string) => plainValue(readTree(text.replace(/^\uFEFF/, ''))) as Record<string, unknown>
const remove = (text: string, ours?: { created: readonly string[]; deny: readonly string[] }) =>
  planUninstall(text, { commands: wanted.commands, deny: wanted.deny, ...(ours === undefined ? {} : { ours }) })

describe('every sample', () => {
  test.each(Object.entries(settingsSamples))('%s: installed once is installed twice', (_, text) => {
    const once = planInstall(text, wanted)
    expect(planInstall(once.text, { ...wanted, ours: once })).toEqual(once)
    expect(planInstall(once.text, wanted).text).toBe(once.text)
  })

  test.each(Object.entries(settingsSamples))('%s: holds what was there and our entries', (_, text) => {
    const before = text === undefined || text.trim() === '' ? {} : data(text)
    const after = data(planInstall(text, wanted).text)
    expect({ ...after, hooks: 0, permissions: 0 }).toEqual({ ...before, hooks: 0, permissions: 0 })
    for (const event of new Set(wanted.entries.map((entry) => entry.event))) {
      const groups = (after['hooks'] as Record<string, unknown[]>)[event]
      const was = ((before['hooks'] ?? {}) as Record<string, unknown[]>)[event] ?? []
      const ours = wanted.entries
        .filter((entry) => entry.event === event)
        .map(({ matcher, hook }) => (matcher === undefined ? { hooks: [hook] } : { matcher, hooks: [hook] }))
      expect(groups).toEqual([...was, ...ours])
    }
    expect((after['permissions'] as Record<string, unknown[]>)['deny']).toEqual(
      expect.arrayContaining([...wanted.deny]),
    )
  })

  // White space in empty containers is the one thing that only the backup brings back.
  const blank = ['absent', 'an empty object on two lines', 'an empty file', 'nothing but white space']
  const spaced = [...blank, 'empty hooks and permissions, with spaces', 'comments in empty containers']
  test.each(Object.entries(settingsSamples).filter(([name]) => !spaced.includes(name)))(
    '%s: taken out again, the same bytes without any backup',
    (_, text) => {
      const plan = planInstall(text, wanted)
      expect(remove(plan.text, plan)).toBe(text)
    },
  )

  test.each(Object.entries(settingsSamples))('%s: new lines end as the others do', (_, text) => {
    const after = planInstall(text, wanted).text
    if (text?.includes('\r\n')) expect(after.replaceAll('\r\n', '')).not.toContain('\n')
    else expect(after).not.toContain('\r')
    expect(after.startsWith('\uFEFF')).toBe(text?.startsWith('\uFEFF') ?? false)
  })
})

test('random settings in any indentation come back as they were', { timeout: 60_000 }, () => {
  const event = fc.constantFrom('PreToolUse', 'PostToolUse', 'Stop', 'SessionEnd', 'Notification')
  const hook = fc.record({ type: fc.constant('command'), command: fc.string() }, { noNullPrototype: true })
  const group = fc.record(
    { matcher: fc.string(), hooks: fc.array(hook, { maxLength: 3 }) },
    { requiredKeys: ['hooks'] },
  )
  const hooks = fc.dictionary(event, fc.array(group, { maxLength: 3 }), { maxKeys: 4 })
  const rule = fc.oneof(fc.string(), fc.constantFrom(...wanted.deny))
  const permissions = fc.record(
    { allow: fc.array(fc.string()), deny: fc.array(rule), defaultMode: fc.string() },
    { requiredKeys: [] },
  )
  const known = fc.record({ hooks, permissions, model: fc.string() }, { requiredKeys: [] })
  const others = fc.dictionary(
    fc.string().filter((key) => !['hooks', 'permissions'].includes(key)),
    fc.jsonValue(),
  )
  const indent = fc.oneof(fc.integer({ min: 0, max: 10 }), fc.constant('\t'))
  fc.assert(
    fc.property(known, others, fc.boolean(), indent, fc.boolean(), (some, rest, first, space, crlf) => {
      const value = first ? { ...some, ...rest } : { ...rest, ...some }
      const json = JSON.stringify(value, null, space)
      const text = crlf ? json.replaceAll('\n', '\r\n') : json
      const plan = planInstall(text, wanted)
      expect(JSON.parse(plan.text)).toMatchObject(some.model === undefined ? {} : { model: some.model })
      expect(planInstall(plan.text, { ...wanted, ours: plan }).text).toBe(plan.text)
      expect(remove(plan.text, plan)).toBe(text)
    }),
    { numRuns: 150 },
  )
})

describe('our entries are known exactly', () => {
  const holding = (command: string) =>
    JSON.stringify({ hooks: { PreToolUse: [{ matcher: '*', hooks: [{ type: 'command', command }] }] } }, null, 2)

  test.each([
    `${gate} --verbose`,
    `echo '${gate}'`,
    gate.replace('"${CLAUDE_PROJECT_DIR:-.}"/', ''),
    gate.replaceAll('"', ''),
    gate.toUpperCase(),
  ])('%s is not ours', (command) => {
    expect(remove(holding(command))).toBe(holding(command))
    expect(planInstall(holding(command), wanted).text).toContain(JSON.stringify(command))
  })

  test('an entry with the timeout changed stays as the person wants it', () => {
    const text = planInstall(undefined, wanted).text.replace('"timeout": 15', '"timeout": 60')
    expect(planInstall(text, wanted).text).toBe(text)
  })

  test('an entry under another matcher is put right', () => {
    const { text } = planInstall(undefined, wanted)
    const changed = text.replace('"matcher": "*"', '"matcher": "Bash"')
    expect(data(planInstall(changed, wanted).text)).toEqual(data(text))
  })

  test('one that stands there twice is left once', () => {
    const { text } = planInstall(undefined, wanted)
    const twice = text.replace(
      '"SessionEnd": [',
      `"SessionEnd": [${JSON.stringify({ hooks: [wanted.entries.at(-1)?.hook] })},`,
    )
    expect(data(planInstall(twice, wanted).text)).toEqual(data(text))
  })

  test('a command of an older version is replaced and its neighbours keep their order', () => {
    const hook = (command: string) => ({ type: 'command', command })
    const old = {
      hooks: {
        PreToolUse: [{ matcher: '*', hooks: [hook('a'), hook('old gate'), hook('b')] }],
        Gone: [{ hooks: [hook('old gate')] }],
      },
    }
    const commands = new Set([...wanted.commands, 'old gate'])
    const plan = planInstall(JSON.stringify(old, null, 2), { ...wanted, commands })
    const hooks = data(plan.text)['hooks'] as Record<string, { hooks: { command: string }[] }[]>
    expect(hooks['PreToolUse']?.map((group) => group.hooks.map(({ command }) => command))).toEqual([
      ['a', 'b'],
      ...gates,
    ])
    expect(hooks).not.toHaveProperty('Gone')
  })

  test.each([
    ['project', '"${CLAUDE_PROJECT_DIR:-.}"/.claude/hooks'],
    ['local', '"${CLAUDE_PROJECT_DIR:-.}"/.claude/hooks'],
    ['user', '"$HOME"/.claude/hooks'],
  ] as const)('what 0.1.0 registered for the end of a turn in %s scope is known as ours', (scope, folder) => {
    const command = `m="\${BREAKERBOX_MEMORY_DIR:-\${CLAUDE_PROJECT_DIR:-.}/.claude/memory}"; s="$m/circuit_breaker_spool"; set -- "$s"/*.json; ! { [ -e "$m/circuit_breaker_armed" ] || [ -e "$1" ]; } || exec node ${folder}/circuit-breaker-monitor.cjs`
    expect(ownCommands(scope)).toContain(command)
  })

  const streak = '[ -e "$m/circuit_breaker_marks/$CLAUDE_CODE_SESSION_ID.streak" ]'
  test.each([
    ['', ''],
    ['', 'nice -n 5 '],
    [` || ${streak}`, 'nice -n 5 '],
  ])('what took in every third batch at once is known as ours, %j, %j', (orStreak, nice) => {
    const node = 'node "${CLAUDE_PROJECT_DIR:-.}"/.claude/hooks/circuit-breaker-monitor.cjs'
    const command = `m="\${BREAKERBOX_MEMORY_DIR:-\${CLAUDE_PROJECT_DIR:-.}/.claude/memory}"; s="$m/circuit_breaker_spool"; set -- "$s"/*.json; ! { [ -e "$m/circuit_breaker_armed" ] || [ ! -d "$s" ] || [ -L "$s" ] || [ -L "$m" ] || [ $# -ge 5 ]; } || exec ${node}; umask 077; set -C; if [ $# -eq 2 ]${orStreak}; then ${nice}${node} drain </dev/null >/dev/null 2>&1 & fi; { exec cat; } >"$s/batch-$PPID-$$.json"; exec ${node}`
    expect(ownCommands('project')).toContain(command)
  })

  test('without a record, our rules go with our entries', () => {
    expect(data(remove(planInstall('{"a":1}', wanted).text))).toEqual({ a: 1 })
    const rules = JSON.stringify({ permissions: { deny: wanted.deny } })
    expect(remove(rules)).toBe(rules)
  })
})

test('without deny rules none are added, and those of an earlier install go', () => {
  const plain = planInstall('{}', { ...wanted, deny: [] })
  expect(data(plain.text)).not.toHaveProperty('permissions')
  const before = '{\n  "permissions": {\n    "deny": [\n      "Read(.env)"\n    ]\n  }\n}\n'
  const plan = planInstall(before, wanted)
  const without = planInstall(plan.text, { ...wanted, deny: [], ours: plan })
  expect(data(without.text)['permissions']).toEqual({ deny: ['Read(.env)'] })
  expect(without.deny).toEqual([])
  expect(remove(without.text, without)).toBe(before)
})

describe('edits by a person in between stay', () => {
  const cases: [string, (text: string) => string, (text: string) => string][] = [
    [
      'a key behind ours',
      (text) => text.replace(/\n}\n$/, ',\n  "model": "opus"\n}\n'),
      () => '{\n  "a": 1,\n  "model": "opus"\n}\n',
    ],
    ['a key before ours', (text) => text.replace('"a": 1', '"a": 2,\n  "b": 3'), () => '{\n  "a": 2,\n  "b": 3\n}\n'],
    ['a comment', (text) => text.replace('"a": 1,', '"a": 1, // one'), () => '{\n  "a": 1 // one\n}\n'],
    [
      'a hook in our array',
      (text) => text.replace('"Stop": [', '"Stop": [\n      { "hooks": [] },'),
      () => '{\n  "a": 1,\n  "hooks": {\n    "Stop": [\n      { "hooks": [] }\n    ]\n  }\n}\n',
    ],
    [
      'a rule in our list',
      (text) => text.replace('"deny": [', '"deny": [\n      "Read(x)",'),
      () => '{\n  "a": 1,\n  "permissions": {\n    "deny": [\n      "Read(x)"\n    ]\n  }\n}\n',
    ],
  ]
  test.each(cases)('%s', (_, edit, expected) => {
    const plan = planInstall('{\n  "a": 1\n}\n', wanted)
    const edited = edit(plan.text)
    expect(edited).not.toBe(plan.text)
    expect(remove(edited, plan)).toBe(expected(edited))
  })
})

describe('refused', () => {
  test.each([
    ['{"a": }', 'not valid JSON, line 1, column 7: value expected'],
    ['{\n  "a": 1\n  "b": 2\n}', 'not valid JSON, line 3, column 3: comma expected'],
    ['{"a": 1', 'not valid JSON, line 1, column 8: close brace expected'],
    ['{} {}', 'not valid JSON, line 1, column 4: end of file expected'],
    ['[]', 'it is not a JSON object'],
    ['"hooks"', 'it is not a JSON object'],
    ['{"hooks": []}', 'hooks is not an object'],
    ['{"hooks": null}', 'hooks is not an object'],
    ['{"hooks": {"Stop": {}}}', 'hooks.Stop is not an array'],
    ['{"hooks": {"Stop": ["x"]}}', 'hooks.Stop[0] is not an object'],
    ['{"hooks": {"Stop": [{"hooks": {}}]}}', 'hooks.Stop[0].hooks is not an array'],
    ['{"hooks": {}, "hooks": {}}', 'hooks stands there twice'],
    ['{"hooks": {"Stop": [], "Stop": []}}', 'hooks.Stop stands there twice'],
    ['{"permissions": []}', 'permissions is not an object'],
    ['{"permissions": {"deny": "x"}}', 'permissions.deny is not an array'],
  ])('%s', (text, message) => {
    expect(() => planInstall(text, wanted)).toThrow(new SettingsRefusal(message))
  })

  test('a text nested past every stack', () => {
    expect(() => planInstall('['.repeat(100_000), wanted)).toThrow(SettingsRefusal)
  })
})

test('what keeps the client from running hooks is told', () => {
  expect(settingsWarnings('\uFEFF{"a": 1}')).toEqual([])
  expect(settingsWarnings('{"a": 1,}')).toEqual([expect.stringMatching(/trailing commas.*no hook in it runs/)])
  expect(settingsWarnings('{"disableAllHooks": true}')).toEqual([expect.stringContaining('disableAllHooks')])
})
