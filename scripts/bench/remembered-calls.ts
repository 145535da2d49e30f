import { join } from 'node:path'
import { defaultConfig } from '../../lib/config/load.ts'
import { emptyMemory, type SessionMemory } from '../../lib/engine/memory.ts'
import { step } from '../../lib/engine/step.ts'
import { sessionKind } from '../../lib/session/documents.ts'
import { fileStore } from '../../lib/store/file-store.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { Scene } from '../../test/support/payloads.ts'
import { engineEvent, healthyTurn } from './healthy-work.ts'

/** What the engine remembers after the first `calls` turns of healthy work, each of them taken in, a second apart. */
export function memoryAfter(scene: Scene, calls: number): SessionMemory {
  const config = defaultConfig()
  let memory = emptyMemory(scene.session ?? 'session')
  for (let n = 0; n < calls; n += 1) {
    const { asked, settled, batch } = healthyTurn(scene, n)
    const at = Date.now() - (calls - n) * 1000
    for (const payload of [asked, settled, batch]) memory = step(memory, [], engineEvent(payload), config, at).memory
  }
  return memory
}

/** Writes that down where the hooks look, and gives back the file's path. */
export async function rememberCalls(scene: Scene & { readonly session: string }, calls: number): Promise<string> {
  const { memory: folder } = scene.project
  const kind = sessionKind(scene.session)
  await fileStore(nodeSystem(), folder).update(kind, () => memoryAfter(scene, calls))
  return join(folder, `${kind.key}.json`)
}
