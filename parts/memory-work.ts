export { runJanitor } from '../lib/memory/janitor.ts'
