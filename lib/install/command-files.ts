import { join } from 'node:path'
import type { PromptCommandName } from '../session/prompt-command.ts'
import type { Files } from '../system/system.ts'
import { inspectFile } from './hook-files.ts'
import { sha256 } from './record.ts'
import type { Step } from './steps.ts'

/**
 * Files by which the client's menu knows the commands that are typed as prompts. The prompt hook answers them before the
 * client reads any of these: what stands below the head is for a session in which that hook does not run.
 */

/** What the menu shows of each. */
const menu: Readonly<Record<PromptCommandName, { readonly description: string; readonly hint: string }>> = {
  'circuit-status': {
    description: 'What Breakerbox refuses, until when and why. Asks no model.',
    hint: '[--memory]',
  },
  'breaker-why': {
    description: 'The chain of calls behind the last trip or warning of Breakerbox. Asks no model.',
    hint: '[PATTERN or SUBJECT]',
  },
  'reset-circuit': {
    description: 'Close circuits of Breakerbox by hand: all of them, or those that go by a name. Asks no model.',
    hint: '[--fleet] [PATTERN or SUBJECT]',
  },
}

export interface CommandFile {
  /** Of the file; without its ending the client's name of the command. */
  readonly name: string
  readonly content: string
}

/** The second line tells files of ours from others, as that of every bundle does. */
export const commandFiles: readonly CommandFile[] = Object.entries(menu).map(([name, { description, hint }]) => ({
  name: `${name}.md`,
  content: `---
# breakerbox ${name}
description: ${description}
argument-hint: ${JSON.stringify(hint)}
disable-model-invocation: true
---
The hook of Breakerbox that answers this command is not active in this session. Only say so, and that the person can look in /hooks or /plugin why, or run \`breakerbox install\` in a terminal and start Claude Code again.
`,
}))

/** Steps that bring the files into a folder, and a note for each name that somebody else has taken: theirs stays. */
export function commandSteps(files: Files, folder: string): { readonly steps: Step[]; readonly notes: string[] } {
  const notes: string[] = []
  const copies = commandFiles.flatMap(({ name, content }): Step[] => {
    const path = join(folder, name)
    const present = inspectFile(files, path, [sha256(content)])
    if (present.kind === 'foreign') {
      notes.push(
        `${path} is not a file of Breakerbox and stays; Breakerbox answers /${name.slice(0, -3)} all the same.`,
      )
      return []
    }
    if (present.kind === 'ours' && present.hash === sha256(content)) return [{ kind: 'keep', path }]
    return [{ kind: 'write', path, content, mode: 0o644, replaces: present.kind === 'ours' }]
  })
  const isThere = copies.length === 0 || files.facts(folder) !== undefined
  return { steps: isThere ? copies : [{ kind: 'folder', path: folder, mode: 0o755 }, ...copies], notes }
}
