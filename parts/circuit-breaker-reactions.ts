export { monitorReactions } from '../lib/session/monitor-reactions.ts'
