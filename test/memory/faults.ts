import type { ByteSink, ByteSource, Streams } from '../../lib/system/streams.ts'
import type { Files, System } from '../../lib/system/system.ts'

/** The process dies before the chosen operation, or half way through its bytes; right after it where it writes none. */
export type Death = 'before' | 'half way'

/** A system whose process dies at the nth file operation: that one and every later one fails. */
export function dyingSystem(system: System, streams: Streams, at: number, death: Death) {
  let count = 0
  const dead = () => count >= at
  const died = () => Object.assign(new Error('the process is dead'), { code: 'EDEAD' })
  const operation = <Words extends unknown[], Result>(
    work: (...words: Words) => Result,
    halve?: (...words: Words) => Words,
  ) => {
    return (...words: Words): Result => {
      count++
      if (count < at) return work(...words)
      if (count > at || death === 'before') throw died()
      const result = death === 'half way' && halve ? work(...halve(...words)) : work(...words)
      count++
      // The system closes what a dead process had open.
      if (typeof result === 'object' && result !== null && 'close' in result) (result as unknown as ByteSource).close()
      throw died()
    }
  }
  const halfOf = (content: string | Uint8Array) =>
    typeof content === 'string' ? content.slice(0, content.length / 2) : content.subarray(0, content.length / 2)
  const real = system.files
  const files = Object.fromEntries(
    Object.entries(real).map(([name, work]) => [name, operation(work as (...words: unknown[]) => unknown)]),
  ) as unknown as Files
  const wrapped: System = {
    ...system,
    files: {
      ...files,
      create: operation(real.create, (path, content, options) => [path, halfOf(content), options] as never),
    },
  }
  const source = (open: ByteSource): ByteSource => ({
    facts: operation(() => open.facts()),
    read: operation((into: Uint8Array, position: number) => open.read(into, position)),
    close: () => open.close(),
  })
  const sink = (open: ByteSink): ByteSink => ({
    facts: operation(() => open.facts()),
    append: operation(
      (bytes: Uint8Array) => open.append(bytes),
      (bytes) => [halfOf(bytes) as Uint8Array],
    ),
    sync: operation(() => open.sync()),
    close: () => open.close(),
  })
  const dyingStreams: Streams = {
    openSource: operation((path: string) => source(streams.openSource(path))),
    openSink: operation((path: string, keep: number) => sink(streams.openSink(path, keep))),
    compression: () => streams.compression(),
    openForWriting: (paths) => streams.openForWriting(paths),
  }
  return { system: wrapped, streams: dyingStreams, dead }
}
