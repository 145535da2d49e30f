/**
 * The confusion table of the detection rules on labelled recordings: `npm run eval -- DIR [--set FIELD=VALUE …] [--markdown]`.
 * DIR holds call logs (`*.jsonl.gz`) and `labels.json`. Exits 1 where a target is missed.
 */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { validateConfig } from '../lib/config/load.ts'
import { withOverride } from '../lib/config/override.ts'
import { evaluate, type LoopLabel } from '../lib/replay/evaluation.ts'
import { evaluationText, targetsOf } from '../lib/replay/evaluation-text.ts'
import { type FileSession, replayFiles } from '../lib/replay/replay-files.ts'
import { findRecordings } from '../lib/replay/sources.ts'
import { nodeSystem } from '../lib/system/node-system.ts'
import { gatheringText } from './eval/gathering.ts'
import { readLoggedSessions } from './eval/logged-sessions.ts'
import { otherWaysText } from './eval/other-ways.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { set: { type: 'string', multiple: true, default: [] }, markdown: { type: 'boolean', default: false } },
})
const folder = resolve(positionals[0] ?? '.')
const labels = JSON.parse(readFileSync(join(folder, 'labels.json'), 'utf8')) as LoopLabel[]
let value: Record<string, unknown> = {}
for (const assignment of values.set) value = withOverride(value, assignment)
const { config, problems } = validateConfig(value, '--set')
for (const problem of problems) console.error(problem.message)

const { recordings } = findRecordings(nodeSystem(), [join(folder, '*.jsonl.gz')])
const sessions: FileSession[] = []
const startedAt = process.cpuUsage()
await replayFiles(recordings, {
  format: 'calls',
  config,
  onSession: (session) => sessions.push(session),
  onFile: ({ file, damaged, problem }) => {
    if (damaged > 0 || problem !== undefined) console.error(`${file}: ${damaged} damaged lines ${problem ?? ''}`)
  },
})
const { user, system } = process.cpuUsage(startedAt)
const evaluation = evaluate(sessions, labels)
console.log(
  evaluationText(evaluation, { cpuSeconds: (user + system) / 1_000_000, markdown: values.markdown }).join('\n'),
)
const logged = readLoggedSessions(recordings.map(({ main }) => main))
console.log(['', 'Other ways to stop a loop', '', ...otherWaysText(logged, labels, evaluation)].join('\n'))
console.log(['', 'How many batches may gather', '', ...gatheringText(logged, labels)].join('\n'))
if (problems.length > 0 || targetsOf(evaluation).some(({ met }) => !met)) process.exitCode = 1
