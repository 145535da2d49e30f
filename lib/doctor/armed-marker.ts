import { join } from 'node:path'
import { circuitStateKind } from '../session/documents.ts'
import { armed, markerName, setMarker } from '../session/marker.ts'
import { spoolList } from '../store/spool.ts'
import { fine, note, problem } from './finding.ts'
import { type Check, hasMemory, ownCommand } from './look.ts'

/** Whether the marker says what the state says: there exactly while something is to be looked at. */
export const armedMarker: Check = {
  id: 'marker',
  group: 'Memory',
  async examine(look) {
    const { system, project } = look
    if (!hasMemory(look)) return [fine('marker', 'no marker, and nothing to look at')]
    const { document, damage } = await project.store.read(circuitStateKind)
    const isThere = system.files.facts(join(project.paths.memory, markerName)) !== undefined
    const wanted = armed(document, project.now)
    // What waits is looked at by whoever finds the marker.
    const mayStay = damage !== undefined || spoolList(system, project.paths.spool).length > 0
    if (wanted === isThere || (isThere && mayStay)) {
      return [
        fine('marker', isThere ? 'the marker is there: calls are looked at' : 'no marker, and nothing to look at'),
      ]
    }
    const command = ownCommand(look, 'doctor --fix')
    const mend = {
      key: 'marker',
      does: `${wanted ? 'put' : 'take'} ${markerName} ${wanted ? 'there' : 'away'}`,
      act: async () => setMarker(project, (await project.store.read(circuitStateKind)).document),
    }
    return wanted
      ? [
          problem('marker-missing', `${markerName} is missing while a circuit is open: calls are not asked about`, {
            command,
            mend,
          }),
        ]
      : [note('marker-stale', `${markerName} is there for nothing: every call starts Node`, { command, mend })]
  },
}
