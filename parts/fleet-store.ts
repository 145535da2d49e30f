export { fleetAddress } from '../lib/config/fleet-address.ts'
export { askFleet, openFleet } from '../lib/session/fleet.ts'
