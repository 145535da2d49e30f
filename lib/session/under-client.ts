import { redact } from '../calls/redact.ts'
import { clean } from '../calls/result.ts'
import { depthByEnvironment, type Nesting } from '../patterns/hook-recursion.ts'
import type { ProcessFacts, System } from '../system/system.ts'

/**
 * The Claude Code clients among the ancestors of this process, nearest first: whoever runs under one is, as far as can be
 * told, run by the model. Environment variables say less: they are inherited by everything and can be unset.
 */
export const clientAncestors = (system: System): readonly ProcessFacts[] => clientsIn(system.processes.ancestors())

/**
 * How deep the session of this hook is nested: the clients above it, its own included. What its environment says counts
 * where that is more, and on systems that do not tell of processes it is all there is. The larger one is sound, because the
 * variable is only ever set for what a session starts: it never claims a session that was not there, and it still knows
 * those that have ended or let go of what they started, which no list of ancestors shows.
 */
export const depthOf = (system: System): number =>
  Math.max(clientAncestors(system).length, depthByEnvironment(system.env))

/** The same with the line of those that started one another. */
export function nestingOf(system: System): Nesting {
  const ancestors = system.processes.ancestors()
  const clients = clientsIn(ancestors)
  const depth = Math.max(clients.length, depthByEnvironment(system.env))
  return {
    depth,
    get chain() {
      const [inner, outer] = [clients[0], clients.at(-1)].map((client) => ancestors.indexOf(client as ProcessFacts))
      const line = clients.length === 0 ? [] : ancestors.slice(inner, (outer ?? 0) + 1).reverse()
      const links = line.filter((each, i) => !isShellAlone(each) || clients.includes(line[i + 1] ?? each))
      const gone = depth - clients.length
      return [
        ...(gone > 0 ? [gone === 1 ? '1 session that is gone' : `${gone} sessions that are gone`] : []),
        ...shortened(links.map(nameOf)),
      ].join(' > ')
    },
  }
}

/** A launcher that waits for the native client is not a second one. */
const clientsIn = (ancestors: readonly ProcessFacts[]): ProcessFacts[] =>
  ancestors.filter((each, i) => {
    const child = ancestors[i - 1]
    return isNative(each) || (isScript(each) && !(child !== undefined && isNative(child)))
  })

const inPackage = /[\\/]@anthropic-ai[\\/]claude-code(?:-[\w-]+)?[\\/]\S*$/

const isNative = ({ name, words: [program = ''] }: ProcessFacts): boolean =>
  /^claude(?:\.exe)?$/.test(name) || inPackage.test(program)

/** Run by an interpreter. A shell or a wrapper such as `timeout` only has the client's path among its words. */
const isScript = ({ name, words }: ProcessFacts): boolean =>
  /^(?:node|bun|deno)(?:\.exe)?$/.test(name) && words.slice(1, 4).some((word) => inPackage.test(word))

/** A shell that was given one text to run: what it runs follows in the chain. */
const isShellAlone = ({ name, words }: ProcessFacts): boolean => /^(?:ba|da|z)?sh$/.test(name) && words[1] === '-c'

/** Characters shown of one command line, and links shown of a chain. */
const longestName = 50
const mostLinks = 11

/** A process as a person would write its command line: paths by their last part. */
function nameOf({ name, words }: ProcessFacts): string {
  const rest = words.slice(1).map((word) => {
    const short = /^(?:[A-Za-z]:)?[\\/]/.test(word) ? word.replace(/^\S*[\\/](?=\S)/, '') : word
    return /\s/.test(short) ? `"${short}"` : short
  })
  return clean(redact([name, ...rest].join(' ')), longestName)
}

const shortened = (links: readonly string[]): readonly string[] =>
  links.length <= mostLinks ? links : [...links.slice(0, 4), '…', ...links.slice(4 - mostLinks)]
