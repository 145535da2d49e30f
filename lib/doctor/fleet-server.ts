import { join } from 'node:path'
import { fleetAddress, shownAddress } from '../config/fleet-address.ts'
import { userConfigPath } from '../config/user-config.ts'
import { patternsIn } from '../engine/shared-config.ts'
import { fleetFiles } from '../install/fleet-need.ts'
import { placeOf } from '../install/place.ts'
import { loadFleet } from '../session/shared-store.ts'
import { fine, note, problem, type Told } from './finding.ts'
import { type Check, editCommand, type Look } from './look.ts'
import { installCommand, reinstall, usedScopes } from './reinstall.ts'

/** Milliseconds in which the server has to answer a person. */
const patience = 2000

/** The Redis server that machines share: only where one is configured, or asked for. */
export const fleetServer: Check = {
  id: 'fleet',
  group: 'Services',
  async examine(look) {
    const { system, project } = look
    const address = fleetAddress(system)
    const inFleet = patternsIn('fleet', project.config)
    if (address === undefined) {
      if (inFleet.length === 0) return [fine('fleet', 'no Redis server is configured, and none is asked for')]
      const title = `"scope": "fleet" (${inFleet.join(', ')}), and no Redis server is configured: the limits hold for this project alone`
      return [note('fleet-without-server', title, { command: editCommand(look, userConfigPath(system)) })]
    }
    const server = shownAddress(address.url)
    const told = [...missingPart(look, server), ...(await away(look, server))]
    if (told.length > 0) return told
    if (inFleet.length > 0) return [fine('fleet', `${server} answers`)]
    const title = `${server} answers, and no pattern has "scope": "fleet": nothing is shared`
    return [note('fleet-unused', title, { command: editCommand(look, project.paths.config) })]
  },
}

function missingPart(look: Look, server: string): Told[] {
  const { system, project } = look
  return usedScopes(look)
    .filter((scope) => {
      const { hooks } = placeOf(system, scope, project.paths.project)
      return fleetFiles.some((name) => system.files.facts(join(hooks, name)) === undefined)
    })
    .slice(0, 1)
    .map((scope) =>
      problem(
        'fleet-part-missing',
        `${server} is configured, and ${fleetFiles.join(', ')} is not beside the hooks: nothing is shared`,
        {
          command: installCommand(look, scope),
          mend: reinstall(look, scope),
        },
      ),
    )
}

async function away({ project }: Look, server: string): Promise<Told[]> {
  const answer = await loadFleet(project)?.askFleet(project, async () => undefined, patience)
  if (answer === undefined || answer.reached) return []
  const since = answer.since === undefined ? '' : ` since ${answer.since}`
  const detail = [answer.cause, 'Until it is back, the limits of the fleet hold for each project alone.']
  return [problem('fleet-away', `${server} does not answer${since}`, { detail, command: 'circuit-status' })]
}
