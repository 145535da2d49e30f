import { counted } from '../status/quantities.ts'
import { fine, problem, type Told } from './finding.ts'
import { type Check, editCommand, type Look } from './look.ts'

/** Settings of which the client takes nothing. */
export const settingsFiles: Check = {
  id: 'settings',
  group: 'Settings',
  examine(look) {
    const broken = look.sources.flatMap((source) => {
      const { kind, path, cause } = source
      if (cause === undefined) return []
      const detail =
        kind === 'managed'
          ? ['Only an administrator can mend it.']
          : ['The client takes nothing of such a file: no hook in it runs.']
      const command = kind === 'managed' ? {} : { command: editCommand(look, path) }
      return [problem('settings-invalid', `${path} ${cause}`, { detail, ...command })]
    })
    return broken.length > 0 ? broken : [fine('settings', readLine(look))]
  },
}

const readLine = ({ sources }: Look): string =>
  sources.length === 0
    ? 'there are no settings files'
    : `${counted(sources.length, 'settings file')} can be read: ${[...new Set(sources.map(({ kind }) => kind))].join(', ')}`

/** What switches hooks off although they are registered. */
export const switches: Check = {
  id: 'switches',
  group: 'Settings',
  examine(look) {
    const found = [...disabled(look), ...managedOnly(look), ...bare(look)]
    return found.length > 0 ? found : [fine('switches', 'no setting switches hooks off')]
  },
}

function disabled(look: Look): Told[] {
  return look.sources
    .filter(({ settings }) => settings['disableAllHooks'] === true)
    .map(({ kind, path }) => {
      const title = `${path} says "disableAllHooks": true: no hook runs`
      return kind === 'managed'
        ? problem('hooks-disabled', title, { detail: ['Only an administrator can change it.'] })
        : problem('hooks-disabled', title, {
            detail: ['Take that line out, or say false.'],
            command: editCommand(look, path),
          })
    })
}

/** It counts in an administrator's settings alone; in others the client passes it over (seen with 2.1.330). */
function managedOnly({ sources }: Look): Told[] {
  return sources
    .filter(({ kind, settings }) => kind === 'managed' && settings['allowManagedHooksOnly'] === true)
    .map(({ path }) =>
      problem(
        'hooks-managed-only',
        `${path} says "allowManagedHooksOnly": true: hooks of users and projects do not run`,
        {
          detail: ['Only an administrator can change it, or enable Breakerbox as a plugin there.'],
        },
      ),
    )
}

/** Modes in which the client runs no hooks of settings, where the environment asks for them. */
const bareModes = ['CLAUDE_CODE_SIMPLE', 'CLAUDE_CODE_SAFE_MODE'] as const

function bare({ system }: Look): Told[] {
  return bareModes
    .filter((name) => /^(?:1|true|yes|on)$/i.test(system.env[name] ?? ''))
    .map((name) =>
      problem('bare-mode', `${name} is set: a client that is started from this shell runs no hooks`, {
        command: `unset ${name}`,
      }),
    )
}
