import { denyRules } from '../install/hook-table.ts'
import { placeOf } from '../install/place.ts'
import { readRecord } from '../install/record.ts'
import { fine, problem } from './finding.ts'
import type { Check } from './look.ts'
import { installCommand, reinstall, rulesIn, usedScopes } from './reinstall.ts'

/** Whether the rules that install added are still there: they keep the model's file tools off the state and the hooks. */
export const rules: Check = {
  id: 'rules',
  group: 'Settings',
  examine(look) {
    const { system, project, sources } = look
    const used = usedScopes(look)
    const odd = used.flatMap((scope) => {
      const record = readRecord(system.files, placeOf(system, scope, project.paths.project))
      const present = rulesIn(sources.find(({ kind }) => kind === scope)?.settings ?? {})
      // Those of a version that knew fewer are completed by the next install.
      const wanted = record?.settings.deny.filter((rule) => denyRules(scope).includes(rule)) ?? []
      const gone = wanted.filter((rule) => !present.includes(rule))
      if (gone.length === 0) return []
      const title = `${gone.length} of the ${wanted.length} rules are gone that keep the model off the state and the hooks`
      return [
        problem('rules-missing', title, {
          detail: gone,
          command: installCommand(look, scope),
          mend: reinstall(look, scope),
        }),
      ]
    })
    if (odd.length > 0) return odd
    const hasAny = used.some((scope) =>
      rulesIn(sources.find(({ kind }) => kind === scope)?.settings ?? {}).some((rule) =>
        denyRules(scope).includes(rule),
      ),
    )
    const without = used.length === 0 ? 'nothing is installed that they would be for' : 'left out, as install was told'
    return [fine('rules', `rules that keep the model off the state and the hooks: ${hasAny ? 'there' : without}`)]
  },
}
