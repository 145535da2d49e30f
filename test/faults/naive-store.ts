/**
 * The usual lock, as a contrast: a folder made exclusively, taken over by deleting it when it is stale, and a commit
 * that first looks whether the lock is still ours and then renames a file from beside the document. Between the look
 * and the rename a suspended holder can lose its lock without noticing. Used by the suspension tests only.
 */
import { join } from 'node:path'
import { errorCode } from '../../lib/system/known-error.ts'
import type { System } from '../../lib/system/system.ts'
import { type Ledger, ledger, ledgerText } from '../store/ledger.ts'

export async function naiveUpdate(
  system: System,
  root: string,
  key: string,
  change: (old: Ledger) => Ledger,
): Promise<void> {
  const { files } = system
  const path = join(root, `${key}.json`)
  const lock = `${path}.lock`
  for (;;) {
    try {
      files.makeFolder(lock)
      break
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
      const facts = files.facts(lock)
      if (facts !== undefined && Math.abs(system.clock() - facts.modifiedAt) > 2000) files.removeFolder(lock)
      else await system.sleep(2)
    }
  }
  const mine = files.facts(lock)?.identity
  const old = files.facts(path) === undefined ? { entries: [] } : ledger().parse(JSON.parse(files.readText(path)))
  const next = `${path}.${system.token()}.tmp`
  files.create(next, ledgerText(change(old).entries), { durable: true })
  if (files.facts(lock)?.identity !== mine) throw new Error('the lock is lost')
  files.rename(next, path)
  if (files.facts(lock) !== undefined) files.removeFolder(lock)
}

/**
 * A second contrast: the new document is made inside the lock folder and committed from there, but the folder is made
 * in place and the file after the document was read. A takeover renames the folder away, so most suspended holders fail
 * with ENOENT; one that wakes up before it makes the file, while another holder is at work, makes it in that one's
 * folder.
 */
export async function insideUpdate(
  system: System,
  root: string,
  key: string,
  change: (old: Ledger) => Ledger | Promise<Ledger>,
): Promise<void> {
  const { files } = system
  const path = join(root, `${key}.json`)
  const lock = `${path}.lock`
  for (;;) {
    try {
      files.makeFolder(lock)
      break
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
      const facts = files.facts(lock)
      if (facts !== undefined && Math.abs(system.clock() - facts.modifiedAt) > 2000) {
        files.rename(lock, `${lock}.stale.${system.token()}`)
      } else await system.sleep(2)
    }
  }
  const old = files.facts(path) === undefined ? { entries: [] } : ledger().parse(JSON.parse(files.readText(path)))
  const text = ledgerText((await change(old)).entries)
  const next = join(lock, `next.${system.token()}`)
  files.create(next, text, { durable: true })
  files.rename(next, path)
  if (files.facts(lock) !== undefined) files.removeFolder(lock)
}
