import { describe, expect, it } from 'vitest'
import { type Call, describeCall } from '../../lib/calls/call.ts'
import { absolute, canonicalInput } from '../../lib/calls/canonical.ts'

const folder = '/home/dev/app'
const call = (tool: string, input: unknown): Call => describeCall('id', tool, input, folder)

describe('two inputs that mean the same call', () => {
  it.each<[what: string, tool: string, a: unknown, b: unknown]>([
    ['key order', 'Grep', { pattern: 'x', glob: '*.ts' }, { glob: '*.ts', pattern: 'x' }],
    ['key order, nested', 'mcp__a__b', { q: { x: 1, y: [{ b: 1, a: 2 }] } }, { q: { y: [{ a: 2, b: 1 }], x: 1 } }],
    ['a description', 'Bash', { command: 'ls' }, { command: 'ls', description: 'List the files' }],
    ['a timeout', 'Bash', { command: 'ls' }, { timeout: 60_000, command: 'ls' }],
    [
      'a filled-in default',
      'Edit',
      { file_path: 'a', old_string: 'x', new_string: 'y' },
      { replace_all: false, file_path: 'a', old_string: 'x', new_string: 'y' },
    ],
    ['a relative path', 'Read', { file_path: 'src/a.ts' }, { file_path: '/home/dev/app/src/a.ts' }],
    ['a dotted path', 'Read', { file_path: './src/../src/a.ts' }, { file_path: '/home/dev/app/src/a.ts' }],
    ['a relative notebook', 'NotebookEdit', { notebook_path: 'n.ipynb' }, { notebook_path: '/home/dev/app/n.ipynb' }],
  ])('%s', (_what, tool, a, b) => {
    expect(call(tool, a).fingerprint).toBe(call(tool, b).fingerprint)
    expect(call(tool, a).operationKey).toBe(call(tool, b).operationKey)
  })
})

describe('two inputs that do not', () => {
  it.each<[what: string, a: [string, unknown], b: [string, unknown]]>([
    ['another tool', ['Read', { file_path: 'a' }], ['Write', { file_path: 'a' }]],
    ['another command', ['Bash', { command: 'ls' }], ['Bash', { command: 'ls -l' }]],
    ['replace all', ['Edit', { file_path: 'a' }], ['Edit', { file_path: 'a', replace_all: true }]],
    ['a number and its text', ['X', { a: 1 }], ['X', { a: '1' }]],
    ['null and absent', ['X', { a: null }], ['X', {}]],
    ['list order', ['X', { a: [1, 2] }], ['X', { a: [2, 1] }]],
    ['a field that is cosmetic elsewhere, nested', ['X', { a: { timeout: 1 } }], ['X', { a: { timeout: 2 } }]],
    ['where text ends and the next field begins', ['X', { a: 'b","c":"d' }], ['X', { a: 'b', c: 'd' }]],
    ['another offset', ['Read', { file_path: 'a', offset: 1 }], ['Read', { file_path: 'a', offset: 2 }]],
    ['case', ['Bash', { command: 'ls A' }], ['Bash', { command: 'ls a' }]],
  ])('%s', (_what, a, b) => {
    expect(call(...a).fingerprint).not.toBe(call(...b).fingerprint)
  })
})

describe('an operation is what a person would name', () => {
  it.each<[tool: string, input: unknown, name: string]>([
    ['Bash', { command: 'npm test' }, 'Bash(npm test)'],
    ['Edit', { file_path: '/home/dev/app/src/a.ts', old_string: 'x' }, 'Edit(src/a.ts)'],
    ['Edit', { file_path: 'src/a.ts' }, 'Edit(src/a.ts)'],
    ['Write', { file_path: '/elsewhere/a.ts' }, 'Write(/elsewhere/a.ts)'],
    ['Read', { file_path: '/home/dev/app/a.ts', offset: 10 }, 'Read(a.ts)'],
    ['NotebookEdit', { notebook_path: '/home/dev/app/n.ipynb' }, 'NotebookEdit(n.ipynb)'],
    ['mcp__github__search', { query: 'x' }, 'mcp__github__search'],
    ['WebFetch', { url: 'https://example.com/a', prompt: 'x' }, 'WebFetch(https://example.com/a)'],
    ['Grep', { pattern: 'foo' }, 'Grep(foo)'],
    ['BashOutput', { bash_id: 'b1' }, 'BashOutput(b1)'],
    ['TodoWrite', { todos: [] }, 'TodoWrite'],
    ['Bash', undefined, 'Bash'],
    ['Bash', 'text', 'Bash'],
    ['Bash', { command: 7 }, 'Bash'],
    ['Bash', { command: 'a\nb\tc' }, 'Bash(a b c)'],
    ['Bash', { command: '\u001b[31mred\u001b[0m\u0007' }, 'Bash(red )'],
  ])('%s %j: %s', (tool, input, name) => {
    expect(call(tool, input).operation.replace(/\s+\)/, ')')).toBe(name.replace(/\s+\)/, ')'))
  })

  it('at most 120 characters, one line, whatever the input', () => {
    for (const text of [
      'x'.repeat(10_000),
      '😀'.repeat(5000),
      'a\n'.repeat(5000),
      '\u202e\u0000\u001b[2J'.repeat(999),
    ]) {
      const { operation } = call('Bash', { command: text })
      expect(Array.from(operation).length).toBeLessThanOrEqual(120)
      expect(operation).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/)
    }
  })

  it('an edit of one file is one operation, whatever the text; other tools go by their whole input', () => {
    const edit = (old_string: string) => call('Edit', { file_path: 'a.ts', old_string }).operationKey
    expect(edit('x')).toBe(edit('y'))
    const read = (offset: number) => call('Read', { file_path: 'a.ts', offset }).operationKey
    expect(read(1)).not.toBe(read(2))
  })

  it('holds no secret', () => {
    expect(call('Bash', { command: 'curl -H "Authorization: Bearer abcdefgh12345678" x.y' }).operation).not.toMatch(
      /abcdefgh/,
    )
    expect(call('WebFetch', { url: 'https://me:hunter22@example.com' }).operation).not.toMatch(/hunter22/)
  })
})

describe('what changes files', () => {
  it.each<[command: string, edits: boolean]>([
    ["sed -i 's/a/b/' a.ts", true],
    ['sed -i.bak s/a/b/ a.ts', true],
    ['sed -n 1,5p a.ts', false],
    ["perl -pi -e 's/a/b/' a.ts", true],
    ['echo x > a.txt', true],
    ['echo x >> a.txt', true],
    ['echo x >a.txt', true],
    ["cat > a.txt <<'EOF'\nx\nEOF", true],
    ['npm test > /dev/null', false],
    ['npm test 2>&1', false],
    ['npm test 2>/dev/null', false],
    ['npm test 2>&1 | tail -5', false],
    ['npm test &>/dev/null', false],
    ['grep -r "a => b" src', false],
    ['git commit -m x', true],
    ['git -C /x commit -m x', true],
    ['git checkout main', true],
    ['git status', false],
    ['git diff HEAD~1', false],
    ['git log --oneline', false],
    ['npm install', true],
    ['npm i left-pad', true],
    ['npm test', false],
    ['npm run build', false],
    ['pip install x', true],
    ['cargo test', false],
    ['mkdir -p a/b', true],
    ['rm a', true],
    ['cd src && mv a b', true],
    ['ls && cat a', false],
    ['cat a | tee b', true],
    ['patch -p1 < x.diff', true],
    ['git apply x.diff', true],
  ])('%j: %s', (command, edits) => {
    expect(call('Bash', { command }).edits).toBe(edits)
  })

  it.each<[tool: string, edits: boolean]>([
    ['Edit', true],
    ['MultiEdit', true],
    ['Write', true],
    ['NotebookEdit', true],
    ['Read', false],
    ['Grep', false],
    ['TodoWrite', false],
    ['Agent', false],
  ])('the tool %s: %s', (tool, edits) => {
    expect(call(tool, { file_path: 'a' }).edits).toBe(edits)
  })
})

describe('what a command line waits', () => {
  it.each<[command: string, seconds: number]>([
    ['sleep 60', 60],
    ['sleep 2m', 120],
    ['sleep 1h', 3600],
    ['sleep 0.5', 0.5],
    ['sleep 30 && tail log', 30],
    ['tail log; sleep 10; tail log; sleep 20', 30],
    ['echo sleep 60', 0],
    ['sleep', 0],
    ['sleep forever', 0],
    ['ls', 0],
  ])('%j: %f s', (command, seconds) => {
    expect(call('Bash', { command }).waits).toBe(seconds)
  })
})

describe('canonical input', () => {
  it('cuts what is nested too deep, in bounded time and without exhausting the stack', () => {
    let deep: unknown = 1
    for (let i = 0; i < 50_000; i += 1) deep = i % 2 === 0 ? [deep] : { a: deep }
    expect(canonicalInput(deep).length).toBeLessThan(1000)
  })

  it('knows no prototype', () => {
    expect(canonicalInput(JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}'))).toContain('constructor')
    expect(canonicalInput({ toString: false })).toBe('{"toString":false}')
  })

  it.each([
    [undefined, 'null'],
    [null, 'null'],
    ['x', '"x"'],
    [[], '[]'],
    [{}, '{}'],
  ])('%j is %s', (input, text) => expect(canonicalInput(input)).toBe(text))
})

describe('a path made absolute', () => {
  it.each<[path: string, expected: string]>([
    ['a.ts', '/home/dev/app/a.ts'],
    ['./a.ts', '/home/dev/app/a.ts'],
    ['../a.ts', '/home/dev/a.ts'],
    ['/a/b', '/a/b'],
    ['/a/./b/../c', '/a/c'],
    ['/a//b', '/a/b'],
    ['C:\\a\\b', 'C:\\a\\b'],
    ['C:/a/b', 'C:/a/b'],
    ['a..b/c.', '/home/dev/app/a..b/c.'],
  ])('%s: %s', (path, expected) => expect(absolute(path, folder)).toBe(expected))

  it('stays as it is where no folder is known', () => expect(absolute('a.ts')).toBe('a.ts'))
})
