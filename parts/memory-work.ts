export { runJanitor } from '../lib/memory/janitor.ts'
export { describeReport } from '../lib/memory/report.ts'
