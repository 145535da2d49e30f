import { isFailure } from '../calls/outcome.ts'
import type { PatternMode } from '../config/schema.ts'
import type { Finding, PatternName } from '../patterns/finding.ts'
import { comparing } from '../patterns/patterns.ts'
import type { CallEntry } from '../windows/entry.ts'
import { cooldownOf, type Draft, keep, note } from './draft.ts'
import type { Settlement } from './event.ts'
import { tripped, warning } from './messages.ts'
import type { Place } from './place.ts'
import { isQuiet } from './quiet.ts'
import { openCircuit, subjectOf } from './trip.ts'

/** A pattern has found something in a settled call: what its mode says is done about it. */
export function actOnFinding(
  draft: Draft,
  finding: Finding,
  mode: Exclude<PatternMode, 'off'>,
  entry: CallEntry,
  settlement: Settlement,
  place: Place,
): void {
  const { pattern } = finding
  const line = isFailure(entry.outcome) || entry.outcome === 'refused' ? settlement.line || undefined : undefined
  const quiet = isQuiet(draft, place)
  if (finding.level !== 'trip' || mode !== 'block') {
    tell(draft, finding, mode, settlement, place, line, quiet)
    return
  }
  const circuit = openCircuit(draft, finding, settlement.call, place.agent, place.turn, entry, line)
  if (circuit === undefined) return
  const kept = pattern === 'busy_polling' && entry.shape !== undefined ? { ...circuit, result: entry.shape } : circuit
  keep(draft, kept)
  if (!quiet && circuit.ungated !== true) {
    draft.context.push(tripped(circuit, cooldownOf(draft.config, pattern, circuit.level), draft.now))
  }
}

/** Warnings, and trips of patterns that only warn or observe: said when the limit is met, and at each multiple of it. */
function tell(
  draft: Draft,
  finding: Finding,
  mode: Exclude<PatternMode, 'off'>,
  settlement: Settlement,
  place: Place,
  line: string | undefined,
  quiet: boolean,
): void {
  const { pattern } = finding
  const { threshold } = draft.config.circuit_breakers[pattern]
  if (finding.level === 'trip' && pattern !== 'sequential_tools' && finding.count % threshold !== 0) return
  const target =
    finding.aim === 'tool' ? { kind: 'tool' as const, key: settlement.call.tool } : { kind: 'call' as const, key: '' }
  const subject =
    finding.aim === 'spawns' || finding.aim === 'outside' ? finding.pattern : subjectOf(target, settlement.call)
  const why = line === undefined ? finding.why : `${finding.why}: ${line}`
  const kind = mode === 'observe' && finding.level === 'trip' ? 'observed' : 'warning'
  note(
    draft,
    kind,
    { pattern, subject, session: draft.memory.session },
    {
      agent: place.agent,
      turn: place.turn,
      toolUseId: settlement.call.id,
      count: finding.count,
      reason: why,
      action: mode === 'observe' ? 'observe' : finding.level === 'warn' ? 'advise' : 'warn',
    },
  )
  if (mode === 'observe' || quiet) return
  const ahead =
    finding.level === 'warn' && mode === 'block' && (comparing as readonly PatternName[]).includes(pattern)
      ? threshold
      : undefined
  draft.context.push(warning(pattern, subject, why, ahead))
}
