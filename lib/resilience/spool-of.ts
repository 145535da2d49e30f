import type { System } from '../system/system.ts'
import type { EventSpool } from './contracts.ts'
import { openEventSpool } from './event-spool.ts'
import type { ServiceSettings } from './service-settings.ts'

const dayMs = 24 * 3_600_000

/** The spool that the user's settings name, within their limits. */
export const spoolOf = (system: System, { folder, maxBytes, maxAgeMs }: ServiceSettings): EventSpool =>
  openEventSpool(system, folder, { maxBytes, maxAgeDays: maxAgeMs / dayMs })
