import { isAbsolute, join } from 'node:path'
import { clean } from '../calls/result.ts'
import { hookTable } from '../install/hook-table.ts'
import { counted } from '../status/quantities.ts'
import { fine, note } from './finding.ts'
import type { Check, Look } from './look.ts'
import type { RegisteredHook } from './settings-sources.ts'

/** Bytes of a script that are looked through. */
const mostBytes = 500_000
/** What a `PreToolUse` hook answers to change the input of a call. */
const rewriting = 'updatedInput'

/** Who else hooks the same events. Facts only: what a hook does is not known from its command. */
export const otherHooks: Check = {
  id: 'others',
  group: 'Hooks',
  examine(look) {
    const events = new Set(hookTable.map(({ event }) => event))
    const others = look.hooks.filter(({ event, executable }) => executable === undefined && events.has(event))
    const title = `${counted(others.length, 'hook')} of others on the same events`
    const all = fine('others', others.length === 0 ? `no ${title.slice(2)}` : title, others.map(lineOf))
    const rewriters = others.filter((hook) => hook.event === 'PreToolUse' && namesRewriting(look, hook))
    if (rewriters.length === 0) return [all]
    const detail = [
      ...rewriters.map(lineOf),
      `Its text has ${rewriting} in it, the answer that changes a call's input. A call is then judged by what the model asked for, and what runs may differ.`,
    ]
    return [all, note('other-hook-rewrites', 'a hook of others may change the input of calls', { detail })]
  },
}

const lineOf = ({ event, matcher, command, args = [], source }: RegisteredHook): string =>
  `${event}${matcher === '' ? '' : ` ${clean(matcher, 60)}`}: ${clean([command, ...args].join(' '), 160)} (${source.path})`

function namesRewriting(look: Look, { command, args = [] }: RegisteredHook): boolean {
  const text = [command, ...args].join(' ')
  if (text.includes(rewriting)) return true
  const words = text.match(/[^\s"';|&()<>]+/g) ?? []
  return words.some((word) => scriptText(look, word)?.includes(rewriting) ?? false)
}

/** The text of a file that a word of a command names; undefined where it names none. */
function scriptText({ system, project }: Look, word: string): string | undefined {
  const inProject = word.replace(/\$\{?CLAUDE_PROJECT_DIR(?::-[^}]*)?\}?/, project.paths.project)
  const path = inProject.replace(/^(?:~|\$\{?HOME\}?)(?=\/)/, system.homeFolder)
  if (path.includes('$') || !/[./]/.test(path)) return undefined
  try {
    const whole = isAbsolute(path) ? path : join(project.paths.project, path)
    const facts = system.files.facts(whole)
    return facts?.kind === 'file' && facts.size <= mostBytes ? system.files.readText(whole) : undefined
  } catch {
    return undefined
  }
}
