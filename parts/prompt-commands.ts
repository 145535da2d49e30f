export { carryOutPrompt } from '../lib/cli/prompt-commands.ts'
