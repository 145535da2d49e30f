import { clean } from '../calls/result.ts'
import type { Project } from '../session/project.ts'
import type { PromptCommand, PromptCommands, PromptPlace } from '../session/prompt-command.ts'
import { resetByName } from '../session/reset.ts'
import { isResetScheduled } from '../session/scheduled-reset.ts'
import { clientAncestors } from '../session/under-client.ts'
import { lookAtStatus, statusSince } from '../status/look-at-status.ts'
import { plainPaint } from '../status/paint.ts'
import { readPast } from '../status/past-incidents.ts'
import { statusText } from '../status/status-text.ts'
import { nothingToExplain, whyReport, whyText } from '../status/why-report.ts'

/**
 * A part of its own, `prompt-commands.cjs` beside the hooks: what a person reads who types one of the commands as a prompt. The
 * reports are those of the commands in a terminal.
 */
export const carryOutPrompt: PromptCommands['carryOutPrompt'] = async (project, place, command) =>
  bounded(await linesOf(project, place, command))

function linesOf(
  project: Project,
  { session, transcript }: PromptPlace,
  { name, words }: PromptCommand,
): Promise<readonly string[]> {
  switch (name) {
    case 'circuit-status':
      return status(project, words)
    case 'breaker-why':
      return why(project, session, words)
    case 'reset-circuit':
      return reset(project, words, transcript)
    default:
      return name satisfies never
  }
}

async function status(project: Project, words: string): Promise<readonly string[]> {
  if (words !== '' && words !== '--memory') return misused(words, '/circuit-status, or /circuit-status --memory')
  const options = { memory: words === '--memory', atPrompt: spelling(project) }
  const { system, paths, now } = project
  const report = await lookAtStatus(project, await readPast(system, paths, statusSince(now)))
  return statusText(report, paths.project, plainPaint, options)
}

/** A client at a terminal knows the commands of a plugin only with its name in front. */
const spelling = ({ system }: Project): string =>
  system.env['CLAUDE_PLUGIN_ROOT'] === undefined ? '/' : '/breakerbox:'

/** Without a name the last one of the session that asks; where it has none, the last of all. */
async function why(project: Project, session: string, words: string): Promise<readonly string[]> {
  const circuit = nameIn(words)
  const report =
    circuit === undefined
      ? ((await whyReport(project, { session })) ?? (await whyReport(project, {})))
      : await whyReport(project, { circuit })
  if (report !== undefined) return whyText(report, plainPaint)
  return [`/breaker-why: ${nothingToExplain(project, circuit === undefined ? {} : { circuit })}`]
}

/**
 * The hook knows that a prompt was submitted and no tool called. A client that a client has started is run by a model, and a model
 * may have scheduled the prompt.
 */
async function reset(project: Project, words: string, transcript: string | undefined): Promise<readonly string[]> {
  if (clientAncestors(project.system).length > 1)
    return ['reset-circuit: refused, because this Claude Code was started by another one: nobody typed this.']
  if (isResetScheduled(project, transcript)) {
    return [
      'reset-circuit: refused, because the model has scheduled a /reset-circuit: it may be that nobody typed this.',
      'You are the person? Type it in a new session without such a task, put SUDO BYPASS into a prompt, or run reset-circuit in a terminal of your own.',
    ]
  }
  const { name, fleet } = resetWords(words)
  const { lines } = await resetByName(project, name, fleet)
  return lines.map((line) => clean(line, 400))
}

/** What `/reset-circuit [--fleet] NAME` means, the option first or last; no name, or `--all`, means every circuit. */
function resetWords(words: string): { readonly name: string | undefined; readonly fleet: boolean } {
  const rest = words.replace(/^--fleet(?=\s|$)|\s--fleet$/, '').trim()
  const name = nameIn(rest)
  return { name: name === '--all' ? undefined : name, fleet: rest !== words }
}

function nameIn(words: string): string | undefined {
  const name = words.replace(/^--circuit(?=\s|$)/, '').trim()
  return name === '' ? undefined : name
}

const misused = (words: string, allowed: string): readonly string[] => [
  `error: ${JSON.stringify(clean(words, 120))} is not understood here. Allowed: ${allowed}`,
]

/** Bounds of an answer: lines, and characters of one line and of all. */
const mostLines = 80
const longestLine = 400
const longestAnswer = 6000

function bounded(lines: readonly string[]): string {
  const kept: string[] = []
  let length = 0
  for (const line of lines) {
    const next = line.length <= longestLine ? line : `${line.slice(0, longestLine)}…`
    length += next.length + 1
    if (kept.length === mostLines || length > longestAnswer) {
      return [...kept, `… and ${lines.length - kept.length} more lines; a terminal shows them all`].join('\n')
    }
    kept.push(next)
  }
  return kept.join('\n')
}
