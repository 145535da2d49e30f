import { join } from 'node:path'
import { quoted } from '../../lib/guard/guard-command.ts'
import { hookId, hookKey } from '../../lib/guard/hook-key.ts'
import type { GuardedHook } from '../../lib/guard/hook-states.ts'
import { hookStates } from '../../lib/guard/hook-states.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { root } from '../../test/support/built-hook.ts'
import { bashCall, preToolUse } from '../../test/support/payloads.ts'
import { inTurn } from './in-turn.ts'
import { installedProject } from './measured-project.ts'
import type { Part } from './part.ts'
import { differences, middleHalf, ratios, spreadText } from './spread.ts'

const usual = { failure_threshold: 3, cooldown_seconds: 86_400, success_threshold: 2, timeout_seconds: 30 }

/** What a hook of somebody else's costs guarded, against the same hook bare. */
export const guard: Part = {
  name: 'guard',
  title: 'A guarded hook, against the same hook bare',
  async run({ quick }) {
    const project = await installedProject()
    try {
      const input = preToolUse({ project }, bashCall('git status', 'toolu_guarded'))
      const states = hookStates({ ...nodeSystem(), env: {}, homeFolder: project.home })
      const script = project.script(
        'hook.mjs',
        "let text = ''\nfor await (const piece of process.stdin) text += piece\nJSON.parse(text)\n",
      )
      const hooks = [
        { name: 'a shell hook', command: 'cat >/dev/null', pairs: 201 },
        { name: 'a Node hook', command: `node ${quoted(script)}`, pairs: 61 },
      ]
      const front = (command: string): string =>
        [
          'exec sh',
          quoted(join(root, 'dist', 'hook-guard.sh')),
          hookId(hookKey(command)),
          '30 convenience',
          quoted(command),
        ].join(' ')
      const rows: string[][] = []
      for (const { name, command, pairs } of hooks) {
        const down = `${command} # down`
        const hook = (each: string): GuardedHook => ({ command: each, class: 'convenience', limits: usual })
        await states.recordSuccess(hook(command))
        for (let n = 0; n < usual.failure_threshold; n += 1) await states.recordFailure(hook(down), 'broken')
        const node = `exec node ${quoted(join(root, 'dist', 'hook-guard.cjs'))} --shell ${quoted(command)}`
        const times = await inTurn(quick ? 5 : pairs, {
          bare: () => project.timeShell(command, input),
          shell: () => project.timeShell(front(command), input),
          node: () => project.timeShell(node, input),
          down: () => project.timeShell(front(down), input),
        })
        const row = (how: string, values: readonly number[]): string[] => [
          `${name}, ${how}`,
          spreadText(middleHalf(values), 1),
          spreadText(middleHalf(differences(values, times.bare)), 1),
          spreadText(middleHalf(ratios(values, times.bare))),
        ]
        rows.push(
          [`${name}, bare`, spreadText(middleHalf(times.bare), 1), '', ''],
          row('guarded, all is well', times.shell),
          row('guarded by Node', times.node),
          row('down, skipped', times.down),
        )
      }
      return { columns: ['hook', 'ms', 'ms more than bare', 'ratio'], rows }
    } finally {
      project.remove()
    }
  },
}
