import { depthVariable } from '../patterns/hook-recursion.ts'
import { causeLine } from '../system/known-error.ts'
import type { System } from '../system/system.ts'

/** A longer file was not made for this; it is left alone, bytes. */
const longest = 1_000_000

/**
 * Lets what the session's Bash starts know how deep the session is: a line in the file that the client names in
 * `CLAUDE_ENV_FILE` and reads before each command. It outlives a resume, where the line stays or, from another depth, is
 * followed by a newer one that holds.
 *
 * @returns why it could not be done, one line.
 */
export function announceDepth({ files, env }: Pick<System, 'files' | 'env'>, depth: number): string | undefined {
  const path = env['CLAUDE_ENV_FILE'] ?? ''
  if (path === '') return undefined
  const line = `export ${depthVariable}=${depth}`
  try {
    const facts = files.facts(path)
    if (facts !== undefined && (facts.kind !== 'file' || facts.size > longest)) return undefined
    const text = facts === undefined ? '' : files.readText(path)
    const last = text.split('\n').findLast((each) => each.startsWith(`export ${depthVariable}=`))
    if (last !== line) files.append(path, `${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`)
    return undefined
  } catch (error) {
    return `CLAUDE_ENV_FILE: ${causeLine(error)}`
  }
}
