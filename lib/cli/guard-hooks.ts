import { relative } from 'node:path'
import { Chalk, type ChalkInstance } from 'chalk'
import { type Command, Option } from 'commander'
import { clean } from '../calls/result.ts'
import { matchesName } from '../config/name-pattern.ts'
import { loadUserConfig } from '../config/user-config.ts'
import { quoted } from '../guard/guard-command.ts'
import type { HookClass } from '../guard/hook-state.ts'
import { type GuardChange, prepareGuard, prepareRelease } from '../install/guard-hooks.ts'
import type { PlannedHook } from '../install/guard-plan.ts'
import { hasPosixShell } from '../install/hook-table.ts'
import type { System } from '../system/system.ts'
import { diffLines, marked, stepLine } from './install-report.ts'
import { carryOutRelease } from './install-run.ts'
import { inFolder, type PlaceOptions, placeOptions } from './place-options.ts'
import { type CommandResult, type Invocation, misused } from './result.ts'

interface Options extends PlaceOptions {
  readonly only?: string
  readonly class?: HookClass
  readonly undo?: boolean
}

/** Adds `guard-hooks` to a program. */
export function addGuardHooks(
  program: Command,
  system: System,
  invocation: Invocation,
  act: (run: () => CommandResult | Promise<CommandResult>) => void,
): void {
  placeOptions(program.command('guard-hooks'))
    .description('put a circuit breaker around each hook that is in the settings already')
    .option('--only <pattern>', 'only hooks whose command fits; * stands for anything')
    .addOption(
      new Option(
        '--class <class>',
        'what a hook that is down means: skipped, or its calls asked about and refused',
      ).choices(['convenience', 'guard']),
    )
    .addOption(new Option('--undo', 'give the hooks back as they were').conflicts('class'))
    .action((options: Options) =>
      act(() => inFolder(system, options, (project) => guardHooks(system, invocation, project, options))),
    )
}

async function guardHooks(
  system: System,
  { folder, colour }: Invocation,
  project: string,
  options: Options,
): Promise<CommandResult> {
  const { scope, only, undo = false, dryRun = false } = options
  const isMeant = (command: string): boolean => only === undefined || matchesName(only, command)
  const prepare = (): GuardChange =>
    undo
      ? prepareRelease(system, { scope, project, isMeant })
      : prepareGuard(system, {
          scope,
          project,
          bundles: folder,
          shell: hasPosixShell(system.env),
          isMeant,
          ...(options.class === undefined ? {} : { class: options.class }),
        })
  const { hook_guard: limits } = loadUserConfig(system).config
  const paint = new Chalk({ level: colour ? 1 : 0 })
  let nothingFits: readonly string[] | undefined
  const result = await carryOutRelease(system, prepare, dryRun, (change, done) => {
    const { hooks, place, settings, notes } = change
    const meant = hooks.filter(({ fate }) => fate.kind !== 'not meant' && fate.kind !== 'own')
    const own = hooks.filter(({ fate }) => fate.kind === 'own').length
    if (only !== undefined && hooks.length > 0 && !hooks.some(({ command }) => isMeant(command))) {
      nothingFits = [...new Set(hooks.map(({ command }) => `  ${clean(command, 200)}`))]
      return []
    }
    const where = `${relative(place.root, settings.path)} of ${place.root} (${place.scope} scope)`
    if (hooks.length === 0) return [`There are no hooks in ${where}; nothing changed.`]
    const diff = diffLines(change, paint)
    return [
      ...(done === undefined ? ['A dry run; nothing is changed.'] : []),
      ...meant.map((hook) => hookLine(hook, paint)),
      ...(own === 0 ? [] : [paint.dim(`leave ${own} of Breakerbox itself`)]),
      ...diff,
      ...(done ?? change.steps).map((step) => stepLine(step, place.root, paint, done === undefined)),
      ...(done === undefined ? [] : [ending(meant, where, undo, done.length > 0, limits)]),
      ...marked([...notes, ...(undo ? [] : advice(meant))], paint),
      ...(done === undefined || diff.length === 0 ? [] : ['Next: restart Claude Code, or open /hooks, to load them.']),
    ]
  })
  return nothingFits === undefined
    ? result
    : misused(`error: --only: no hook fits ${JSON.stringify(only)}. Hooks that are there:`, ...nothingFits)
}

function hookLine({ event, matcher, command, fate }: PlannedHook, paint: ChalkInstance): string {
  const where = clean(matcher === '' ? event : `${event} ${matcher}`, 60)
  const shown = `${where}: ${clean(command, 160)}`
  switch (fate.kind) {
    case 'guarded':
      return `${paint.green('guard')} ${shown} (${fate.class}, at most ${fate.seconds} s)`
    case 'guarded already':
      return paint.dim(`guarded already ${shown} (${fate.class}, at most ${fate.seconds} s)`)
    case 'released':
      return `${paint.yellow('release')} ${shown}`
    case 'left alone':
      return paint.dim(`leave ${shown}: ${fate.why}`)
    case 'not meant':
    case 'own':
      return shown
    default:
      return fate satisfies never
  }
}

function ending(
  hooks: readonly PlannedHook[],
  where: string,
  undo: boolean,
  changed: boolean,
  limits: { readonly failure_threshold: number; readonly cooldown_seconds: number },
): string {
  const count = (...kinds: PlannedHook['fate']['kind'][]): number =>
    hooks.filter(({ fate }) => kinds.includes(fate.kind)).length
  if (undo) {
    const released = count('released')
    return released === 0
      ? `No hook is guarded in ${where}; nothing to give back.`
      : `${released} given back in ${where}.`
  }
  const guarded = count('guarded', 'guarded already')
  if (guarded === 0) return `There is no hook to guard in ${where}.`
  if (!changed) return `${guarded} guarded already in ${where}; nothing changed.`
  return `${guarded} guarded in ${where}: out of the way for ${limits.cooldown_seconds} s after ${limits.failure_threshold} failures in a row. See them: hook-health`
}

/** A pattern that fits this command and is short enough to type. */
const patternFor = (command: string): string => {
  const [line = ''] = command.split('\n')
  return command === line && command.length <= 60 ? command : `${line.slice(0, 40)}*`
}

/** What nobody can know but the person. */
function advice(hooks: readonly PlannedHook[]): string[] {
  const cut = hooks.flatMap(({ command, fate }) =>
    fate.kind === 'guarded' && fate.ownTimeout !== undefined
      ? [
          `${clean(command, 160)} may take ${fate.ownTimeout} s now and is ended after ${fate.seconds} s. If it needs longer, give it an entry with timeout_seconds in hook_guard.hooks of ~/.claude/breakerbox.json.`,
        ]
      : [],
  )
  const skipped = hooks.filter(
    ({ event, fate }) =>
      ['PreToolUse', 'PermissionRequest', 'UserPromptSubmit'].includes(event) &&
      (fate.kind === 'guarded' || fate.kind === 'guarded already') &&
      fate.class === 'convenience',
  )
  const [first] = skipped
  if (first === undefined) return cut
  return [
    ...cut,
    `Does one of these ${skipped.length === 1 ? '' : `${skipped.length} `}protect something? A convenience hook that is down is skipped in silence. breakerbox guard-hooks --class guard --only ${quoted(patternFor(first.command))} makes its calls be asked about, or refused where nobody is there.`,
  ]
}
