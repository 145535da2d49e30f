import { fleetPart } from '../../lib/session/shared-store.ts'
import * as fleet from '../../parts/fleet-store.ts'
import { Bench } from './bench.ts'

let calls = 0
/** A number that no call has had. */
export const nextCall = (): number => ++calls

/** One call to the outside of a session; whether it may run. */
export async function fetches(bench: Bench, session: string): Promise<boolean> {
  const number = nextCall()
  const call = {
    tool_name: 'WebFetch',
    tool_input: { url: `https://example.com/${number}` },
    tool_use_id: `f${number}`,
  }
  const { answer } = await bench.send({ hook_event_name: 'PreToolUse', session_id: session, ...call })
  return answer.deny === undefined
}

/** How many of so many tries run, the sessions taking turns. */
export async function running(
  tries: number,
  sessions: readonly string[],
  bench: Bench,
  act = fetches,
): Promise<number> {
  let ran = 0
  for (let i = 0; i < tries; i += 1) if (await act(bench, sessions[i % sessions.length] as string)) ran += 1
  return ran
}

/** With these limits in the project's config. */
export const configured = (bench: Bench, circuit_breakers: object): Bench => {
  bench.system.files.makeFolders(bench.memory)
  bench.system.files.create(bench.path('circuit_breaker_config.json'), JSON.stringify({ circuit_breakers }))
  return bench
}

let fleets = 0
/** Machines that share one server; each with a project, a clock and a user of its own. */
export function machines(count: number, url: string, limits: object = { external_api: { scope: 'fleet' } }): Bench[] {
  fleets += 1
  return Array.from({ length: count }, (_, i) => {
    const bench = configured(new Bench(), limits)
    bench.host = `machine${i + 1}`
    bench.parts[fleetPart] = fleet
    const { files } = bench.system
    files.makeFolders(`${bench.project}/home/.claude`)
    files.create(
      `${bench.project}/home/.claude/breakerbox.json`,
      JSON.stringify({ redis: { url, prefix: `fleet${fleets}:` } }),
    )
    return bench
  })
}
