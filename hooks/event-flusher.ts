import { deliverInBackground } from '../lib/resilience/background-delivery.ts'
import { nodeSystemWithoutAncestors } from '../lib/system/node-system.ts'

void deliverInBackground(nodeSystemWithoutAncestors())
