import { initialFiles } from '../config/initial-files.ts'
import { denyRules, hasPosixShell, type Scope, scopes } from '../install/hook-table.ts'
import { prepareInstall } from '../install/install.ts'
import { placeOf } from '../install/place.ts'
import { readRecord } from '../install/record.ts'
import { perform } from '../install/steps.ts'
import type { Mend } from './finding.ts'
import { type Look, ownCommand } from './look.ts'

/** The scopes in whose settings entries of ours stand, the project's first. */
export const usedScopes = ({ hooks }: Look): Scope[] =>
  scopes.filter((scope) => hooks.some(({ isOwn, source }) => isOwn && source.kind === scope))

/** The command that puts hooks and entries of a scope back. */
export const installCommand = (look: Look, scope: Scope): string =>
  ownCommand(
    look,
    `install${scope === 'project' ? '' : ` --scope ${scope}`}${hasRules(look, scope) ? '' : ' --no-deny'}`,
  )

/** Does it. Where the rules were left out they stay so, and tracking stays as it is. */
export const reinstall = (look: Look, scope: Scope): Mend => ({
  key: `install ${scope}`,
  does: `install the hooks anew (${scope} scope)`,
  act() {
    const { system, project, bundles } = look
    const { steps } = prepareInstall(system, {
      scope,
      project: project.paths.project,
      deny: hasRules(look, scope),
      shell: hasPosixShell(system.env),
      bundles,
      initialFiles,
    })
    perform(system, steps)
  },
})

/** Whether the deny rules belong to an installation: by its record, else by what the settings say. */
export function hasRules({ system, project, sources }: Look, scope: Scope): boolean {
  const record = readRecord(system.files, placeOf(system, scope, project.paths.project))
  if (record !== undefined && record.settings.deny.length > 0) return true
  const source = sources.find(({ kind }) => kind === scope)
  if (source === undefined) return true
  const rules = rulesIn(source.settings)
  // An installation that was never recorded and has no rule was made without them, unless nothing of ours is there at all.
  return rules.some((rule) => denyRules(scope).includes(rule)) || (record === undefined && !usesScope(source.settings))
}

export function rulesIn(settings: Readonly<Record<string, unknown>>): readonly string[] {
  const { deny } = (settings['permissions'] ?? {}) as { deny?: unknown }
  return Array.isArray(deny) ? deny.filter((rule) => typeof rule === 'string') : []
}

const usesScope = (settings: Readonly<Record<string, unknown>>): boolean =>
  JSON.stringify(settings['hooks'] ?? {}).includes('/.claude/hooks/circuit-breaker-')
