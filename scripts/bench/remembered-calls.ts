import { join } from 'node:path'
import { defaultConfig } from '../../lib/config/load.ts'
import { emptyMemory, mostEntries, type SessionMemory } from '../../lib/engine/memory.ts'
import { step } from '../../lib/engine/step.ts'
import { sessionKind } from '../../lib/session/documents.ts'
import { fileStore } from '../../lib/store/file-store.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { Scene } from '../../test/support/payloads.ts'
import { engineEvent, healthyTurn } from './healthy-work.ts'

/**
 * What the engine remembers after so many calls of healthy work, each of them taken in.
 *
 * @param together calls of one turn. The windows hold turns, so these decide how full they get.
 */
export function memoryAfter(scene: Scene, calls: number, together = 1): SessionMemory {
  const config = defaultConfig()
  let memory = emptyMemory(scene.session ?? 'session')
  for (let n = 0; n < calls; n += together) {
    const turns = Array.from({ length: together }, (_, i) => healthyTurn(scene, n + i))
    const batch = { ...turns[0]?.batch, tool_calls: turns.flatMap((turn) => turn.batch.tool_calls) }
    const at = Date.now() - (calls - n) * 1000
    for (const payload of [...turns.flatMap(({ asked, settled }) => [asked, settled]), batch])
      memory = step(memory, [], engineEvent(payload), config, at).memory
  }
  return memory
}

/** Calls of one turn that are enough to fill the windows. */
const many = 8

/** What the engine remembers at most. */
export function fullMemory(scene: Scene): SessionMemory {
  const memory = memoryAfter(scene, 2 * mostEntries, many)
  if (memory.entries.length !== mostEntries) throw new Error(`${memory.entries.length} entries are not the most`)
  return memory
}

/** Writes down what is remembered where the hooks look, and gives back the file's path. */
export async function remember({ project }: Scene, memory: SessionMemory): Promise<string> {
  const kind = sessionKind(memory.session)
  await fileStore(nodeSystem(), project.memory).update(kind, () => memory)
  return join(project.memory, `${kind.key}.json`)
}
