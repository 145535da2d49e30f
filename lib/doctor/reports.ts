import { join } from 'node:path'
import { userConfigPath } from '../config/user-config.ts'
import { placeOf } from '../install/place.ts'
import { apiClient } from '../resilience/api-client.ts'
import { type ServiceSettings, serviceSettings } from '../resilience/service-settings.ts'
import { spoolOf } from '../resilience/spool-of.ts'
import { counted } from '../status/quantities.ts'
import { causeLine } from '../system/known-error.ts'
import { fine, note, problem, type Told } from './finding.ts'
import { type Check, editCommand, type Look, ownCommand } from './look.ts'
import { installCommand, reinstall, usedScopes } from './reinstall.ts'

/** Milliseconds after which an event that still waits is late: what is handed over is so within seconds. */
const late = 10 * 60_000

/** What is reported to services of the user's own, only where some are named; asks nothing over the network. */
export const reports: Check = {
  id: 'reports',
  group: 'Services',
  async examine(look) {
    const { settings, problems } = serviceSettings(look.system)
    const wrong =
      problems.length === 0
        ? []
        : [
            problem('reports-invalid', `${counted(problems.length, 'setting')} of what is reported cannot be used`, {
              detail: problems,
              command: editCommand(look, userConfigPath(look.system)),
            }),
          ]
    const told = [...wrong, ...unregistered(look, settings), ...(await delivery(look, settings))]
    if (told.length > 0) return told
    const named = [...(settings.tracking ? ['tracking'] : []), ...(settings.alerts ? ['alerts'] : [])]
    return [fine('reports', named.length === 0 ? 'no service is named' : `${named.join(' and ')}: nothing waits`)]
  },
}

function unregistered(look: Look, { tracking, alerts }: ServiceSettings): Told[] {
  const { system, project, hooks } = look
  const told: Told[] = []
  const [scope] = usedScopes(look)
  if (scope === undefined) return told
  if (tracking !== undefined && !hooks.some(({ executable }) => executable === 'pattern-tracker')) {
    const title = 'a service for tracking is named, and nothing is registered that reports to it'
    const where = scope === 'project' ? '' : ` --scope ${scope}`
    told.push(note('tracking-unregistered', title, { command: ownCommand(look, `install --tracking${where}`) }))
  }
  const folder = placeOf(system, scope, project.paths.project).hooks
  const part = 'service-alerts.cjs'
  if (alerts !== undefined && system.files.facts(join(folder, part)) === undefined) {
    told.push(
      problem('alerts-part-missing', `a webhook is named, and ${part} is not beside the hooks: no incident is told`, {
        command: installCommand(look, scope),
        mend: reinstall(look, scope),
      }),
    )
  }
  return told
}

async function delivery(look: Look, settings: ServiceSettings): Promise<Told[]> {
  const { system, project } = look
  if (settings.tracking === undefined && settings.alerts === undefined) return []
  try {
    const services = Object.entries(await apiClient(system, settings).status())
    const down = services.flatMap(([name, { address, health, circuit }]) => {
      const why = health?.up === false ? (health.cause ?? 'no cause is known') : undefined
      if (why === undefined && circuit.state !== 'open') return []
      const detail = [
        ...(health === undefined ? [] : [`asked at ${health.checkedAt}`]),
        ...(circuit.state === 'closed' ? [] : [`its circuit is ${circuit.state}`]),
      ]
      const title = `${name}: ${address} ${why === undefined ? 'failed again and again' : `was down: ${why}`}`
      return [problem('service-down', title, { detail, command: 'breakerbox sync' })]
    })
    const { pending, oldest, lastError } = await spoolOf(system, settings).report()
    const age = oldest === undefined ? 0 : project.now - Date.parse(oldest)
    if (pending === 0 || age < late) return down
    const title = `${counted(pending, 'event')} wait for delivery, the oldest since ${oldest}`
    const detail = lastError === undefined ? [] : [`last error, at ${lastError.at}: ${lastError.cause}`]
    return [...down, problem('reports-waiting', title, { detail, command: 'breakerbox sync' })]
  } catch (error) {
    return [problem('reports-waiting', `what waits for delivery cannot be read: ${causeLine(error)}`)]
  }
}
