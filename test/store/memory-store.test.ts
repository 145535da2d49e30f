import { memoryShelf, memoryStore } from '../../lib/store/memory-store.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import { storeContract } from './contract.ts'

storeContract('memory', () => {
  const system = nodeSystem()
  const shelf = memoryShelf()
  return {
    store: memoryStore(system, { shelf }),
    other: memoryStore(system, { shelf, waitMilliseconds: 50 }),
    put: (key, text) => void shelf.texts.set(key, text),
    text: (key) => shelf.texts.get(key),
    setAside: (name) => shelf.texts.get(name),
    leftovers: () => [...shelf.locked],
  }
})
