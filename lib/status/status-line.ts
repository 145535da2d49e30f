import { isRecord, textField } from '../calls/json.ts'
import { loadConfig } from '../config/load.ts'
import { projectPaths } from '../config/paths.ts'
import { lookAtSession } from '../session/session-look.ts'
import { causeLine } from '../system/known-error.ts'
import { outputOf } from '../system/output-of.ts'
import type { Stdio } from '../system/stdio.ts'
import type { System } from '../system/system.ts'
import { afterWord } from './after-word.ts'
import { joinedLines } from './joined-lines.ts'
import { statusSegment } from './segment.ts'

/** Longer input is not the client's, bytes. */
const mostInput = 16 * 1024 * 1024
/**
 * What somebody else's status line may take. The client itself waits for ten minutes, and shows nothing meanwhile; it takes no
 * more than a million characters.
 */
const theirLimits = { timeoutMs: 5000, mostBytes: 1_000_000 }

/**
 * `status-line`: prints what the circuit breakers hold back in the session that the client's status-line input names, and nothing
 * where nothing is held back. It changes nothing, takes no lock and asks no server. It never fails: whatever is wrong is one
 * line on stderr.
 *
 * With `--after 'COMMAND'` it prints what that command makes of the same input, and the segment after it. What becomes of the one does not
 * hurt the other.
 *
 * @param words the command line behind the program's name.
 */
export async function statusLine(system: System, stdio: Stdio, words: readonly string[] = []): Promise<void> {
  const tell = (line: string): void => stdio.writeError(`[status_line] ${line}`)
  const { text } = await stdio.readAll(mostInput)
  const [word, command] = words
  const theirs = word === afterWord && command !== undefined ? outputOf(command, text ?? '', theirLimits) : undefined
  let segment = ''
  try {
    segment = await segmentFor(system, text, tell)
  } catch (error) {
    tell(causeLine(error))
  }
  const output = await theirs
  if (output === undefined || output.length === 0) stdio.write(segment)
  else if (segment === '') stdio.write(output)
  else stdio.write(joinedLines(output.toString('utf8'), segment, columnsIn(system.env)))
}

async function segmentFor(system: System, text: string | undefined, tell: (line: string) => void): Promise<string> {
  const input = parsed(text)
  const session = textField(input, 'session_id')
  if (session === undefined) {
    tell('stdin is not the status-line input of the client: no session_id')
    return ''
  }
  const paths = projectPaths(projectOf(system, input), system.env)
  const { damage, ...look } = await lookAtSession(system.files, paths.memory, session)
  for (const { key, cause } of damage) tell(`${key}.json cannot be read (${cause})`)
  const { circuits, shared, fleetUntil, api, halt } = look
  const isQuiet = circuits.length === 0 && shared.length === 0 && api.circuit.state === 'closed'
  if (isQuiet && fleetUntil === undefined && halt === undefined) {
    if (system.files.facts(paths.memory) === undefined) tell(`no hook has run here: there is no ${paths.memory}`)
    return ''
  }
  const { config } = loadConfig(system.files, paths.config)
  return statusSegment({ ...look, config }, system.clock())
}

/** As for hooks; `cwd` follows the model's `cd` and comes last. */
function projectOf({ env, workingFolder }: System, input: unknown): string {
  const workspace = isRecord(input) ? input['workspace'] : undefined
  const named = [env['CLAUDE_PROJECT_DIR'], textField(workspace, 'project_dir'), textField(input, 'cwd')]
  return named.find((folder) => folder !== undefined && folder !== '') ?? workingFolder
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}

function columnsIn({ COLUMNS }: System['env']): number | undefined {
  const columns = Number(COLUMNS)
  return Number.isInteger(columns) && columns > 0 ? columns : undefined
}
