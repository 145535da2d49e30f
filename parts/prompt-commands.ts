export { carryOut } from '../lib/session/prompt-commands.ts'
