import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ServiceEvent } from '../../lib/resilience/contracts.ts'
import { type ServiceSettings, serviceSettings } from '../../lib/resilience/service-settings.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { System } from '../../lib/system/system.ts'
import { moveTimes } from '../support/time-travel.ts'

/** A system with a home and an environment of its own, whose sleeps are over at once and kept. */
export function testSystem(homeFolder: string, changes: Partial<System> = {}): System & { readonly slept: number[] } {
  const slept: number[] = []
  const sleep = async (milliseconds: number): Promise<void> => void slept.push(milliseconds)
  const { clock, files, processes, host, workingFolder, loadPart, token } = nodeSystem()
  const real = { clock, files, processes, host, workingFolder, loadPart, token }
  return { ...real, env: {}, homeFolder, sleep, ...changes, slept }
}

/** The settings of somebody who tracks patterns at `url`, everything else the default. */
export const trackingAt = (system: System, url: string): ServiceSettings =>
  serviceSettings({ ...system, env: { INTELLIGENCE_SERVICE_URL: url } }).settings

export const event = (id: string, changes: Partial<ServiceEvent> = {}): ServiceEvent => ({
  id,
  key: 'k',
  at: '2026-03-04T12:00:00.000Z',
  route: 'patterns',
  kind: 'pattern_created',
  body: { name: id },
  ...changes,
})

export const eventsNamed = (...ids: string[]): ServiceEvent[] => ids.map((id) => event(id))

/** Lets so many seconds pass for what the processes share about the services. */
export function passServiceTime({ folder }: Pick<ServiceSettings, 'folder'>, seconds: number): void {
  const shared = join(folder, 'service')
  const files = readdirSync(shared, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(shared, name))
  if (moveTimes(files, seconds) === 0) throw new Error(`nothing in ${shared} carries a timestamp: no time could pass`)
}
