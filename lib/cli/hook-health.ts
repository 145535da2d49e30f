import { resolve } from 'node:path'
import { Chalk } from 'chalk'
import { clean } from '../calls/result.ts'
import { matchesName } from '../config/name-pattern.ts'
import { hookKey } from '../guard/hook-key.ts'
import type { HookRecord } from '../guard/hook-state.ts'
import { hookStates } from '../guard/hook-states.ts'
import { clientAncestors } from '../session/under-client.ts'
import { hookText } from '../status/hook-text.ts'
import { lookAtHooks } from '../status/look-at-hooks.ts'
import type { System } from '../system/system.ts'
import { daysOption } from './days-option.ts'
import { harmlessJson } from './harmless-json.ts'
import { isFolder } from './open-named-project.ts'
import { newProgram, parseWords } from './program.ts'
import { type CommandResult, failed, type Invocation, misused, printed } from './result.ts'

interface Options {
  readonly project?: string
  readonly days: number
  readonly json?: boolean
}

const defaultDays = 7

/** `hook-health`: how the guarded hooks are, and what the client recorded of the others. Exit code 1 when a hook is down. */
export function hookHealth(system: System, invocation: Invocation): Promise<CommandResult> {
  let result: Promise<CommandResult> | undefined
  const program = newProgram(
    'hook-health',
    'How the hooks are: guarded ones, and what Claude Code recorded of the others.',
  )
    .option('--project <folder>', 'of the others, only sessions of this project (default: of all)')
    .addOption(daysOption('of the others, only the last days', defaultDays))
    .option('--json', 'print the report as JSON')
    .action((options: Options) => {
      result = report(system, options, invocation.colour)
    })
  program
    .command('reset')
    .description('bring hooks back that are down, as if they had never failed')
    .argument('[command]', 'the hook as hook-health shows it; * stands for anything')
    .option('--all', 'every guarded hook')
    .action((command: string | undefined, { all }: { readonly all?: boolean }) => {
      result = reset(system, command, all === true)
    })
  return parseWords(program, invocation.words, () => result)
}

async function report(system: System, { project, days, json }: Options, colour: boolean): Promise<CommandResult> {
  const folder = project === undefined ? undefined : resolve(system.workingFolder, project)
  if (folder !== undefined && !isFolder(system, folder))
    return misused(`error: --project: there is no folder ${folder}`)
  const made = await lookAtHooks(system, days, folder)
  const lines = json === true ? [harmlessJson(made)] : hookText(made, new Chalk({ level: colour ? 1 : 0 }))
  return { ...printed(...lines), exitCode: made.healthy ? 0 : 1 }
}

/**
 * Under the client only what may be skipped is brought back: a `guard` hook that fails lets calls through until it is down
 * again, and the model must not buy itself such calls.
 */
async function reset(system: System, named: string | undefined, all: boolean): Promise<CommandResult> {
  if (all === (named !== undefined)) return misused('error: name one hook, or say --all')
  const states = hookStates(system)
  const known = Object.entries(await states.all())
  const meant = known.filter(([key]) => named === undefined || key === hookKey(named) || matchesName(named, key))
  if (named !== undefined && meant.length === 0)
    return misused(`error: no guarded hook is called ${JSON.stringify(clean(named, 200))}`, ...listed(known))
  const client = clientAncestors(system)[0]
  const refused = client === undefined ? [] : meant.filter(([, record]) => isFailingGuard(record))
  const lines: string[] = []
  for (const [key, { state }] of meant.filter((each) => !refused.includes(each))) {
    await states.reset(key)
    if (state !== 'closed' || named !== undefined)
      lines.push(
        `${clean(key, 200)}: ${state === 'closed' ? 'CLOSED already; its failures in a row are forgotten' : `${state.toUpperCase().replace('_', '-')} → CLOSED`}`,
      )
  }
  if (client !== undefined && refused.length > 0) {
    const result = failed(
      `hook-health: refused for ${refused.length}, because it runs under Claude Code (process ${client.pid}, ${clean(client.name, 40)}): a guard hook that fails lets calls through, and the model must not bring that about.`,
      ...refused.map(([key]) => `  ${clean(key, 200)}`),
      'You are the person? Run this in a terminal of your own.',
    )
    return { ...result, out: printed(...lines).out }
  }
  return printed(...(lines.length === 0 ? ['No guarded hook is down; nothing to bring back.'] : lines))
}

const isFailingGuard = (record: HookRecord): boolean =>
  record.class === 'guard' && (record.state !== 'closed' || record.consecutive_failures > 0)

const listed = (known: readonly (readonly [string, HookRecord])[]): string[] =>
  known.length === 0
    ? ['No guarded hook has run yet.']
    : ['Guarded hooks:', ...known.slice(0, 50).map(([key]) => `  ${clean(key, 200)}`)]
