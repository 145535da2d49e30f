import { serviceVariables } from '../config/own-words.ts'
import { fine, note } from './finding.ts'
import { type Check, editCommand } from './look.ts'

/** Variables by which a project would name a service, or what is behind one: they are not taken from it. */
export const projectAddresses: Check = {
  id: 'addresses',
  group: 'Services',
  examine(look) {
    const { system, project } = look
    const { project: folder } = project.paths
    const said = folder === system.homeFolder ? [] : serviceVariables(system, folder)
    if (said.length === 0) return [fine('addresses', 'the project names no service')]
    return said.map(({ path, names }) =>
      note('project-names-service', `${path} sets ${names.join(', ')}: not taken from a project`, {
        detail: ['Name services in your own environment, or in ~/.claude/breakerbox.json.'],
        command: editCommand(look, path),
      }),
    )
  },
}
