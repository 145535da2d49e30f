import { partIfThere } from '../system/part.ts'
import type { System } from '../system/system.ts'
import type * as alerts from './alerts.ts'

/** What tells the user's webhook of incidents; it stands beside the hooks where one is configured. */
export const alertPart = (system: System): typeof alerts | undefined => partIfThere(system, 'service-alerts')
