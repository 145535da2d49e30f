import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Scope } from '../../lib/install/hook-table.ts'
import { isStrictJson, plainValue, readTree } from '../../lib/install/json-text.ts'
import { SettingsRefusal } from '../../lib/install/settings-text.ts'
import { planStatusLine, planStatusLineRelease, withoutStatusLine } from '../../lib/install/status-line-plan.ts'
import type { StatusLinePlace } from '../../lib/install/status-line-wrap.ts'
import { settingsSamples } from './settings-samples.ts'

const place = (more: Partial<StatusLinePlace> = {}): StatusLinePlace => ({ scope: 'project', shell: true, ...more })
const plan = (text: string | undefined, more: Partial<StatusLinePlace> = {}) => planStatusLine(text, place(more))
const lineIn = (text: string | undefined) =>
  (plainValue(readTree(text ?? '')) as { statusLine?: Record<string, unknown> }).statusLine
const withLine = (statusLine: unknown): string => JSON.stringify({ statusLine })
const release = (text: string | undefined) => planStatusLineRelease(text ?? '')

const folders: Record<Scope, string> = {
  project: '"${CLAUDE_PROJECT_DIR:-.}"/.claude/hooks',
  local: '"${CLAUDE_PROJECT_DIR:-.}"/.claude/hooks',
  user: '"$HOME"/.claude/hooks',
}
const memory = '"${BREAKERBOX_MEMORY_DIR:-${CLAUDE_PROJECT_DIR:-.}/.claude/memory}"'
const isWorthIt =
  '{ [ -e "$2/circuit_breaker_armed" ] || [ -e "$2/circuit_breaker_halt.json" ] || [ -e "$2/circuit_breaker_llm_api" ]; }'

describe.each(Object.entries(folders))('in %s scope', (scope, folder) => {
  test('ours alone', () => {
    expect(lineIn(plan('{}', { scope: scope as Scope }).text)).toEqual({
      type: 'command',
      command: `set -- ${folder}/status-line.cjs ${memory}; ! [ -f "$1" ] || ! ${isWorthIt} || exec node "$1"`,
      refreshInterval: 5,
    })
  })

  test('the person’s own, joined, with every other field as it was', () => {
    const statusLine = {
      type: 'command',
      padding: 2,
      command: '~/line.sh "$HOME"',
      refreshInterval: 9,
      hideVimModeIndicator: true,
    }
    const { text, fate } = plan(withLine(statusLine), { scope: scope as Scope })
    expect(fate).toEqual({ kind: 'joined', original: statusLine.command })
    expect(lineIn(text)).toEqual({
      ...statusLine,
      command: `set -- ${folder}/status-line.cjs ${memory} '${statusLine.command}'; if [ -f "$1" ] && ${isWorthIt} && node "$1" --after "$3"; then exit; fi; exec /bin/sh -c "$3"`,
    })
  })
})

describe('a settings text comes back byte for byte', () => {
  test.each(Object.entries(settingsSamples))('%s', (_, text) => {
    for (const scope of ['project', 'local', 'user'] as const) {
      const installed = plan(text, { scope })
      expect(installed.fate).toEqual({ kind: 'added' })
      expect(plan(installed.text, { scope })).toEqual({ text: installed.text, fate: { kind: 'there already' } })
      expect(release(installed.text)).toEqual({ text, fate: { kind: 'taken out' } })
    }
  })

  test.each(['\n', '\ufeff', '\ufeff\r\n', '\u2028', '{ }', '{\r\n}', ' {\t} '])('of nothing but %j', (text) => {
    expect(release(plan(text).text).text).toBe(text)
  })

  test('where there was no file, what somebody has put in since stays', () => {
    const { text = '' } = plan(undefined)
    const edited = text.replace('{', '{\n  "model": "opus",')
    expect(release(edited).text).toBe('{\n  "model": "opus"\n}\n')
  })

  test.each<[what: string, spelling: string]>([
    ['spaces and letters of all sorts', '"~/Meine Zeile/zeile.sh 測試 \\u00fc 😀"'],
    ['an apostrophe', `"echo it's"`],
    ['an apostrophe spelled as a number', String.raw`"echo it\u0027s '\u0027 x"`],
    ['both quotes', String.raw`"echo \"it's\" 'it'\\''s'"`],
    ['a backslash before a letter that looks like one', String.raw`"a\\u0027b \\'"`],
    ['several lines', String.raw`"input=$(cat)\necho \"$input\" | jq -r '.model.display_name'\n"`],
    ['other line ends and tabs', String.raw`"a\r\n\tb"`],
    ['slashes spelled out', String.raw`"\/bin\/sh -c 'x'"`],
    ['only apostrophes', `"'''"`],
    ['what looks like ours', `"echo '; if [ -f \\"$1\\" ] && x'"`],
    ['a comment at its end', '"echo x # before: nothing"'],
  ])('with a status line of %s', (_, spelling) => {
    const text = `{ "statusLine": {"command" :${spelling},\n "type":"command" ,"padding": 0 } }`
    const { text: joined, fate } = plan(text)
    expect(fate).toEqual({ kind: 'joined', original: JSON.parse(spelling) })
    expect(plan(joined).fate).toEqual({ kind: 'there already' })
    expect(release(joined)).toEqual({ text, fate: { kind: 'given back', original: JSON.parse(spelling) } })
    // Also where somebody has edited around it, or formatted the file anew.
    expect(release(joined?.replace('"padding": 0', '"padding":  3')).text).toBe(
      text.replace('"padding": 0', '"padding":  3'),
    )
    const anew = JSON.stringify(JSON.parse(joined ?? ''), null, 4)
    expect(release(anew).text).toBe(JSON.stringify(JSON.parse(text), null, 4))
  })

  test('of whatever command, whatever order things are done in', () => {
    const command = fc.string({
      unit: fc.constantFrom(...`'"\\$\`\n # é😀;|&()[]{}abc u0027`),
      minLength: 1,
      maxLength: 40,
    })
    fc.assert(
      fc.property(command, fc.constantFrom<Scope>('project', 'local', 'user'), (command, scope) => {
        fc.pre(command.trim() !== '')
        const text = withLine({ type: 'command', command })
        const { text: joined } = plan(text, { scope })
        expect(release(joined).text).toBe(text)
        expect(isStrictJson(joined ?? '')).toBe(true)
        // Joined by another scope's command first: written anew, and never twice.
        expect(plan(plan(text).text, { scope }).text).toBe(joined)
      }),
    )
  })
})

describe('what is there already', () => {
  test.each([
    'node .claude/hooks/status-line.cjs',
    'echo "$(date) $(circuit-status --statusline)"',
    'node ~/breakerbox/dist/circuit-status.cjs --statusline',
    '"/opt/circuit-status" --statusline',
  ])('by hand: %s', (command) => {
    const text = withLine({ type: 'command', command })
    expect(plan(text)).toEqual({ text, fate: { kind: 'there already' } })
    expect(release(text)).toEqual({ text, fate: { kind: 'not there' } })
  })

  test('an older form of ours is renewed, and knows what was there before', () => {
    const { text = '' } = plan(undefined)
    const older = text.replace(' || [ -e \\"$2/circuit_breaker_llm_api\\" ]', '')
    expect(older).not.toBe(text)
    expect(plan(older)).toEqual({ text, fate: { kind: 'added' } })
    expect(release(older).text).toBeUndefined()
    const joined = plan(withLine({ type: 'command', command: 'x' })).text ?? ''
    const olderJoined = joined.replace(' || [ -e \\"$2/circuit_breaker_llm_api\\" ]', '')
    expect(plan(olderJoined).text).toBe(joined)
  })
})

describe('without a POSIX shell', () => {
  test('ours alone is a plain Node command, and comes back', () => {
    const { text } = plan(undefined, { shell: false })
    expect(lineIn(text)?.['command']).toBe('node "$CLAUDE_PROJECT_DIR"/.claude/hooks/status-line.cjs # before: nothing')
    expect(release(text).text).toBeUndefined()
    expect(release(plan('{}', { shell: false }).text).text).toBe('{}')
  })

  test('the person’s own is not touched, and the other way is named', () => {
    const text = withLine({ type: 'command', command: 'x' })
    expect(() => plan(text, { shell: false })).toThrow(/circuit-status --statusline/)
  })
})

describe('what cannot be joined is refused', () => {
  test.each([
    ['a list', '{"statusLine": []}'],
    ['null', '{"statusLine": null}'],
    ['another type', '{"statusLine": {"type": "static", "command": "x"}}'],
    ['no type', '{"statusLine": {"command": "x"}}'],
    ['no command', '{"statusLine": {"type": "command", "padding": 0}}'],
    ['a blank command', '{"statusLine": {"type": "command", "command": " "}}'],
    ['a command that is no text', '{"statusLine": {"type": "command", "command": ["x"]}}'],
    ['two commands', '{"statusLine": {"type": "command", "command": "x", "command": "y"}}'],
    ['two status lines', '{"statusLine": {"type": "command", "command": "x"}, "statusLine": {}}'],
    ['no JSON', '{"statusLine": '],
    ['no object', '[]'],
  ])('%s', (_, text) => {
    expect(() => plan(text)).toThrow(SettingsRefusal)
    expect(withoutStatusLine(text)).toBe(text)
  })
})
