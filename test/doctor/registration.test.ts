import { appendFileSync, chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Broken,
  changeSettings,
  configPath,
  gatePath,
  inHome,
  replacing,
  settingsPath,
  testBroken,
} from './broken.ts'
import type { Installed } from './installed.ts'

/** An entry that starts one of our hooks, and that install did not write. */
const byHand = (command: string) => (bench: Installed) =>
  changeSettings(
    bench,
    ({ hooks }) => {
      hooks['PreToolUse'] = [{ matcher: '*', hooks: [{ type: 'command', command }] }]
    },
    '.claude/settings.local.json',
  )

const cases: readonly Broken[] = [
  // Settings
  {
    id: 'settings-invalid',
    level: 'problem',
    what: 'a comma too many, which the client takes for no settings at all',
    break: ({ project }) => project.write(settingsPath, project.read(settingsPath).replace(/\n\}\s*$/, ',\n}\n')),
    says: /settings\.json has comments or trailing commas/,
    command: /^"\$\{EDITOR:-vi\}" '.*settings\.json'$/,
    mend: { edit: `tr '\\n' '~' <"$1" | sed 's/,~}~$/~}~/' | tr '~' '\\n' >"$1.new" && mv "$1.new" "$1"` },
    besides: ['note settings-not-looked-at'],
  },
  {
    id: 'settings-invalid',
    level: 'problem',
    what: "the user's settings are half a file",
    break: (bench) => inHome(bench, '.claude/settings.json', '{ "model": '),
    says: /is no JSON, line 1, column 12: value expected/,
    mend: { edit: 'echo "{}" >"$1"' },
  },
  {
    id: 'hooks-disabled',
    level: 'problem',
    what: 'the user has switched all hooks off',
    break: (bench) => inHome(bench, '.claude/settings.json', { disableAllHooks: true }),
    says: /home\/\.claude\/settings\.json says "disableAllHooks": true/,
    mend: replacing('true', 'false'),
  },
  {
    id: 'bare-mode',
    level: 'problem',
    what: 'the shell asks for a client without hooks',
    break({ env }) {
      env['CLAUDE_CODE_SIMPLE'] = '1'
    },
    command: /^unset CLAUDE_CODE_SIMPLE$/,
    mend: 'command',
  },
  {
    id: 'breakers-off',
    level: 'note',
    what: 'the config says off',
    break: ({ project }) => project.write(configPath, { mode: 'off' }),
    says: /nothing is refused/,
    mend: replacing('off', 'enforce'),
  },
  {
    id: 'config-invalid',
    level: 'problem',
    what: 'a wrong value in the config',
    break: ({ project }) => project.write(configPath, { circuit_breakers: { tool_failure: { threshold: 'many' } } }),
    says: /1 value cannot be used/,
    mend: replacing('"many"', '4'),
  },
  {
    id: 'user-config-invalid',
    level: 'problem',
    what: "a wrong value in the user's config",
    break: (bench) => inHome(bench, '.claude/breakerbox.json', { hook_guard: { cooldown_seconds: -1 } }),
    mend: replacing('-1', '60'),
  },
  {
    id: 'rules-missing',
    level: 'problem',
    what: 'the deny rules were taken out',
    break: (bench) =>
      changeSettings(bench, (value) => {
        delete value.permissions
      }),
    command: /^breakerbox install$/,
    mend: 'fix',
  },

  // Registration
  {
    id: 'not-installed',
    level: 'problem',
    what: 'nothing is installed',
    install: null,
    break: () => {},
    command: /^breakerbox install$/,
    mend: 'command',
  },
  {
    id: 'hook-unregistered',
    level: 'problem',
    what: 'an entry was taken out',
    break: (bench) =>
      changeSettings(bench, ({ hooks }) => {
        delete hooks['PostToolBatch']
      }),
    says: /1 of 13 entries are not registered[\s\S]*PostToolBatch: circuit-breaker-monitor/,
    mend: 'fix',
  },
  {
    id: 'hook-unregistered',
    level: 'problem',
    what: 'an entry was taken out, of the private settings and without the rules',
    install: '--scope local --no-deny',
    break: (bench) =>
      changeSettings(
        bench,
        ({ hooks }) => {
          delete hooks['Stop']
        },
        '.claude/settings.local.json',
      ),
    command: /^breakerbox install --scope local --no-deny$/,
    mend: 'command',
  },
  {
    id: 'hook-by-hand',
    level: 'note',
    what: 'an entry of our hook that install did not write, and that works',
    break: byHand('node "$CLAUDE_PROJECT_DIR/.claude/hooks/circuit-breaker-gate.cjs"'),
    mend: { edit: 'echo "{}" >"$1"' },
  },
  {
    id: 'hook-dead',
    level: 'problem',
    what: 'the same without quotes, in a folder with a blank in its name',
    break: byHand('node $CLAUDE_PROJECT_DIR/.claude/hooks/circuit-breaker-gate.cjs'),
    says: /1 command does not work: exit code 1: Error: Cannot find module/,
    mend: { edit: 'echo "{}" >"$1"' },
    besides: ['note hook-by-hand'],
  },
  {
    id: 'hook-untested',
    level: 'note',
    what: 'an entry that starts something besides: it is not run',
    break: byHand('touch ~/run-by-doctor; node "$CLAUDE_PROJECT_DIR/.claude/hooks/circuit-breaker-gate.cjs"'),
    mend: 'nothing',
    besides: ['note hook-by-hand'],
  },
  {
    id: 'hook-twice',
    level: 'note',
    what: 'in the project and for the user',
    break: async ({ run }) => void (await run('breakerbox install --scope user')),
    says: /registered twice: in the user settings and in the project settings/,
    command: /^breakerbox uninstall$/,
    mend: 'command',
  },
  {
    id: 'other-hook-rewrites',
    level: 'note',
    what: 'a hook of others that answers with another input',
    break(bench) {
      bench.project.write('tools/wrap.sh', 'echo \'{"hookSpecificOutput":{"updatedInput":{}}}\'\n')
      changeSettings(bench, ({ hooks }) => {
        hooks['PreToolUse']?.push({ matcher: 'Bash', hooks: [{ type: 'command', command: 'sh tools/wrap.sh' }] })
      })
    },
    says: /PreToolUse Bash: sh tools\/wrap\.sh/,
    mend: 'nothing',
  },

  // Files
  {
    id: 'hook-file-missing',
    level: 'problem',
    what: 'a hook was deleted',
    break: ({ project }) => rmSync(project.path(gatePath)),
    says: /circuit-breaker-gate\.cjs is missing: its hooks end with an error/,
    mend: 'fix',
  },
  {
    id: 'hook-file-missing',
    level: 'problem',
    what: 'the part was deleted that the monitor loads where it finds a loop',
    break: ({ project }) => rmSync(project.path('.claude/hooks/circuit-breaker-reactions.cjs')),
    says: /circuit-breaker-reactions\.cjs is missing: a hook that comes to need it lets everything run/,
    mend: 'fix',
  },
  {
    id: 'command-file-missing',
    level: 'problem',
    what: 'two commands of the menu were deleted',
    break({ project }) {
      for (const name of ['circuit-status', 'breaker-why']) rmSync(project.path(`.claude/commands/${name}.md`))
    },
    says: /: circuit-status\.md, breaker-why\.md[\s\S]*"Unknown command" to \/circuit-status, \/breaker-why\.$/,
    mend: 'fix',
  },
  {
    id: 'command-file-missing',
    level: 'problem',
    install: '--scope user',
    what: 'the folder of the menu was deleted from the home folder',
    break: ({ project }) => rmSync(join(project.home, '.claude', 'commands'), { recursive: true }),
    command: /^breakerbox install --scope user$/,
    mend: 'command',
  },
  {
    id: 'hook-file-foreign',
    level: 'problem',
    what: "somebody else's file stands in its place",
    break: ({ project }) => project.write(gatePath, 'console.log("mine")\n'),
    command: /^mv .* && breakerbox install$/,
    mend: 'command',
  },
  {
    id: 'hook-file-changed',
    level: 'problem',
    what: 'a hook with a syntax error, which is not run',
    break: ({ project }) => appendFileSync(project.path(gatePath), '\n}{\n'),
    mend: 'fix',
  },
  {
    id: 'hook-file-outdated',
    level: 'problem',
    what: 'a hook of an older version',
    break: ({ project }) =>
      project.write(gatePath, project.read(gatePath).replace(/^\/\/ breakerbox \S+/m, '// breakerbox 0.0.1')),
    says: /of version 0\.0\.1/,
    mend: 'fix',
  },
  {
    id: 'hook-file-outdated',
    level: 'problem',
    what: 'a hook of a newer version: the command is what is old, and changes nothing by itself',
    break: ({ project }) =>
      project.write(gatePath, project.read(gatePath).replace(/^\/\/ breakerbox \S+/m, '// breakerbox 99.0.0')),
    says: /this command is older/,
    mend: 'nothing',
  },
  {
    id: 'hook-file-mode',
    level: 'problem',
    what: 'a hook that its owner may not read',
    break: ({ project }) => chmodSync(project.path(gatePath), 0o055),
    says: /mode 055: its owner may not read it/,
    command: /^chmod 755 /,
    mend: 'command',
  },
  {
    id: 'hook-file-mode',
    level: 'problem',
    what: 'a hook that everybody may change',
    break: ({ project }) => chmodSync(project.path(gatePath), 0o777),
    mend: 'fix',
  },
]

testBroken(cases)
