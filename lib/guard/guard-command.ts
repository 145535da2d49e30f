import type { HookClass } from './hook-state.ts'

/** What a `hook-guard` command line says. */
export interface GuardCommand {
  /** A text for the shell, or a program and its words. */
  readonly command: string | readonly string[]
  readonly class: HookClass
  /** Limits that the command line sets; the user's config has the others. */
  readonly limits: Readonly<Record<string, number>>
  /** Exit code of a run that is over: a shell ran the hook and noted it, and it is only to be counted in. */
  readonly ended?: number
  /** The event that the hook is registered on, where it belongs to no single tool call: then its blocks are counted. */
  readonly event?: string
}

/** Names of the options that set a limit, and the limit. */
const limitOptions: Readonly<Record<string, string>> = {
  '--timeout': 'timeout_seconds',
  '--max-output': 'max_output_kb',
  '--failures': 'failure_threshold',
  '--cooldown': 'cooldown_seconds',
  '--successes': 'success_threshold',
}

export const guardUsage = [
  'usage: hook-guard [options] -- COMMAND [ARGUMENT…]',
  "       hook-guard [options] --shell 'COMMAND LINE'",
  'options: --class convenience|guard  --timeout SECONDS  --max-output KB  --failures N  --cooldown SECONDS  --successes N  --event NAME',
].join('\n')

/** Reads the words; a text says what is wrong with them. */
export function readGuardCommand(words: readonly string[]): GuardCommand | string {
  const limits: Record<string, number> = {}
  let hookClass: HookClass = 'convenience'
  let ended: GuardCommand['ended']
  let event: GuardCommand['event']
  for (let i = 0; i < words.length; i += 2) {
    const [word = '', value = ''] = [words[i], words[i + 1]]
    const limit = limitOptions[word]
    if (word === '--') {
      const command = words.slice(i + 1)
      return (command[0] ?? '') === '' ? 'no command after --' : guarded(command)
    }
    if (word === '--shell') {
      if (words.length !== i + 2) return '--shell takes one text and stands last'
      return value.trim() === '' ? 'no command after --shell' : guarded(value)
    }
    if (limit !== undefined) {
      const number = Number(value)
      if (!(number > 0 && number <= 1_000_000)) return `${word} takes a number above 0, not ${JSON.stringify(value)}`
      limits[limit] = number
    } else if (word === '--class') {
      if (value !== 'convenience' && value !== 'guard')
        return `--class is convenience or guard, not ${JSON.stringify(value)}`
      hookClass = value
    } else if (word === '--ended') {
      if (!/^\d{1,3}$/.test(value)) return `--ended takes an exit code, not ${JSON.stringify(value)}`
      ended = Number(value)
    } else if (word === '--event') {
      if (!isEventName(value)) return `--event takes the name of an event, not ${JSON.stringify(value)}`
      event = value
    } else return word.startsWith('-') ? `unknown option ${word}` : `write -- before ${word}`
  }
  return 'no command'

  function guarded(command: GuardCommand['command']): GuardCommand {
    return {
      command,
      class: hookClass,
      limits,
      ...(ended === undefined ? {} : { ended }),
      ...(event === undefined ? {} : { event }),
    }
  }
}

/** Whether a text may be the name of an event of the client. */
export const isEventName = (text: string): boolean => /^[A-Za-z]{1,40}$/.test(text)

/** The command as one text: how its record is called. Words that a shell would take apart are quoted. */
export const commandLine = (command: GuardCommand['command']): string =>
  typeof command === 'string' ? command : command.map(quoted).join(' ')

/** A word as a POSIX shell reads it back. */
export const quoted = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
