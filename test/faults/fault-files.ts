import type { Files } from '../../lib/system/system.ts'

/** The process ended here: thrown by the operation it was killed before, and by every later one. */
export class Killed extends Error {
  constructor() {
    super('killed')
    this.name = 'Killed'
  }
}

export type Fault =
  /** The operation does nothing and throws an error with this code. */
  | { readonly kind: 'errno'; readonly at: number; readonly code: string }
  /** A create or append writes half of its content, then the disk is full. Other operations are left alone. */
  | { readonly kind: 'short write'; readonly at: number }
  /** The process ends before the operation. */
  | { readonly kind: 'kill'; readonly at: number }
  /** The process ends in the middle of a create or append, half of it written; before any other operation. */
  | { readonly kind: 'kill inside'; readonly at: number }

export interface FaultyFiles {
  readonly files: Files
  /** Every operation so far, `create /path`, the failed one included. Operations are counted from 1. */
  readonly operations: readonly string[]
  /** Whether the fault was reached. */
  readonly struck: boolean
}

/** `Files` that count their operations and fail at one of them. */
export function faultyFiles(inner: Files, fault?: Fault): FaultyFiles {
  const operations: string[] = []
  let dead = false
  let struck = false

  const half = (content: string | Uint8Array): string | Uint8Array => content.slice(0, Math.floor(content.length / 2))

  const strike = (name: string, args: readonly unknown[]): void => {
    if (fault === undefined || fault.at !== operations.length) return
    const writes = name === 'create' || name === 'append'
    const writeHalf = (): void => {
      const [path, content] = args as [string, string]
      inner[name as 'create'](path, half(content))
    }
    switch (fault.kind) {
      case 'errno':
        struck = true
        throw Object.assign(new Error(`${fault.code}: made by the test, ${name} '${args[0]}'`), { code: fault.code })
      case 'short write':
        if (!writes) return
        struck = true
        writeHalf()
        throw Object.assign(new Error(`ENOSPC: made by the test, write '${args[0]}'`), { code: 'ENOSPC' })
      case 'kill inside':
        if (writes) writeHalf()
        break
      case 'kill':
        break
      default:
        fault satisfies never
    }
    struck = true
    dead = true
    throw new Killed()
  }

  const files = new Proxy(inner, {
    get(target, name: keyof Files & string) {
      const operation = target[name] as (...args: unknown[]) => unknown
      return (...args: unknown[]): unknown => {
        if (dead) throw new Killed()
        operations.push(`${name} ${args[0]}`)
        strike(name, args)
        return operation.apply(target, args)
      }
    },
  })
  return {
    files,
    operations,
    get struck() {
      return struck
    },
  }
}
