import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bareEnvironment } from './bare-environment.ts'
import type { FakeModel } from './fake-model.ts'
import type { TempProject } from './temp-project.ts'

/** One line of `--output-format stream-json`, or of a transcript. */
export type ClientRecord = Readonly<Record<string, unknown>> & {
  readonly type?: string
  readonly subtype?: string
  readonly session_id?: string
}

/** The last record of a run. */
export type ResultRecord = ClientRecord & {
  readonly is_error: boolean
  readonly num_turns: number
  readonly result?: string
  readonly terminal_reason?: string
}

export interface ClientOptions {
  readonly project: TempProject
  readonly model: FakeModel
  /** What the person types. */
  readonly prompt?: string
  /** Session to go on with. */
  readonly resume?: string
  /** `bypassPermissions` is refused for root: allow the tools by name instead. */
  readonly permissionMode?: 'default' | 'acceptEdits' | 'plan' | 'dontAsk'
  readonly allowedTools?: readonly string[]
  readonly extraArguments?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** After this many seconds the client is ended and the run counts as failed. */
  readonly timeoutSeconds?: number
  /** Starts the client in this folder instead of the project's. */
  readonly workingFolder?: string
}

/** What a finished run left behind. */
export interface ClientRun {
  readonly exitCode: number | null
  /** The records of stdout, in order. */
  readonly records: readonly ClientRecord[]
  readonly stderr: string
  readonly sessionId: string
  /** The last `result` record. */
  readonly result: ResultRecord
  /** Texts that the client showed to the person: hook messages and the like. */
  readonly shown: readonly string[]
  readonly transcriptPath: string | undefined
  /** The transcript's records; none where the client wrote no transcript. */
  transcript(): ClientRecord[]
}

/** A run that takes typed messages while it is going. */
export interface ClientConversation {
  readonly records: readonly ClientRecord[]
  /** Types a message, at once: while the model works, the client queues it. */
  type(text: string): void
  /** Resolves with the first record from `from` on that fits. */
  waitFor(fits: (record: ClientRecord) => boolean, from?: number): Promise<ClientRecord>
  /** No more input; resolves when the client has ended. */
  finish(): Promise<ClientRun>
}

/** Tools that tests allow where they say nothing else. */
const defaultTools = ['Bash', 'Read', 'Write', 'Edit', 'Grep', 'Glob', 'Agent']

/**
 * Runs `claude -p PROMPT` once, in the project, against the scripted model.
 *
 * @throws when the client does not end in time or prints no result record.
 */
export async function runClient(options: ClientOptions): Promise<ClientRun> {
  const child = start(options, [...(options.prompt === undefined ? [] : [options.prompt])])
  child.process.stdin?.end()
  return child.finished
}

/** Starts a client that reads its prompts from stdin (`--input-format stream-json`). */
export function startConversation(options: Omit<ClientOptions, 'prompt'>): ClientConversation {
  const child = start(options, ['--input-format', 'stream-json'])
  const send = (record: object) => child.process.stdin?.write(`${JSON.stringify(record)}\n`)
  return {
    records: child.records,
    type: (text) =>
      void send({
        type: 'user',
        message: { role: 'user', content: [{ type: 'text', text }] },
        parent_tool_use_id: null,
      }),
    waitFor: (fits, from = 0) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = child.records.slice(from).find(fits)
          if (found === undefined) return
          child.listeners.delete(look)
          resolve(found)
        }
        child.listeners.add(look)
        child.finished.then(
          () => reject(new Error('the client ended before the awaited record')),
          (error: unknown) => reject(error),
        )
        look()
      }),
    finish() {
      child.process.stdin?.end()
      return child.finished
    },
  }
}

interface RunningClient {
  readonly process: ChildProcess
  readonly records: ClientRecord[]
  /** Called after each record. */
  readonly listeners: Set<() => void>
  readonly finished: Promise<ClientRun>
}

function start(options: ClientOptions, last: readonly string[]): RunningClient {
  const { project, model } = options
  const timeoutSeconds = options.timeoutSeconds ?? 90
  const words = [
    '-p',
    ...last,
    ...['--model', 'claude-sonnet-4-5', '--output-format', 'stream-json', '--verbose'],
    ...['--allowedTools', (options.allowedTools ?? defaultTools).join(',')],
    ...(options.permissionMode === undefined ? [] : ['--permission-mode', options.permissionMode]),
    ...(options.resume === undefined ? [] : ['--resume', options.resume]),
    ...(options.extraArguments ?? []),
  ]
  const child = spawn(clientExecutable(), words, {
    cwd: options.workingFolder ?? project.folder,
    env: bareEnvironment(project.home, {
      TERM: 'xterm',
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: 'sk-dummy',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      DISABLE_TELEMETRY: '1',
      ...options.environment,
    }),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // The client may be gone before it has read everything.
  child.stdin.on('error', () => {})
  const records: ClientRecord[] = []
  const listeners = new Set<() => void>()
  let stderr = ''
  let rest = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.trim() === '') continue
      records.push(line.startsWith('{') ? (JSON.parse(line) as ClientRecord) : { type: 'text', text: line })
      for (const listener of [...listeners]) listener()
    }
  })
  const finished = new Promise<ClientRun>((resolve, reject) => {
    const bound = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`the client did not end within ${timeoutSeconds} s\n${stderr}`))
    }, timeoutSeconds * 1000)
    child.on('error', (error) => {
      clearTimeout(bound)
      reject(error)
    })
    child.on('close', (exitCode) => {
      clearTimeout(bound)
      const result = records.findLast((record) => record.type === 'result') as ResultRecord | undefined
      const sessionId = result?.session_id
      if (result === undefined || sessionId === undefined) {
        return reject(
          new Error(`the client ended (${exitCode}) without a result\n${stderr}\n${JSON.stringify(records)}`),
        )
      }
      const transcriptPath = findTranscript(project.home, sessionId)
      resolve({
        exitCode,
        records,
        stderr,
        sessionId,
        result,
        shown: records.filter(isInformational).map((record) => String(record['content'])),
        transcriptPath,
        transcript: () => (transcriptPath === undefined ? [] : readRecords(transcriptPath)),
      })
    })
  })
  // A conversation may be awaited late; the rejection is still seen by whoever awaits `finished`.
  finished.catch(() => {})
  return { process: child, records, listeners, finished }
}

const isInformational = (record: ClientRecord): boolean =>
  record.type === 'system' && record.subtype === 'informational'

const readRecords = (path: string): ClientRecord[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ClientRecord)

/** The client names a transcript's folder after the project's path in a way of its own: look for the file instead. */
function findTranscript(home: string, sessionId: string): string | undefined {
  const projects = join(home, '.claude', 'projects')
  if (!existsSync(projects)) return undefined
  return readdirSync(projects)
    .map((folder) => join(projects, folder, `${sessionId}.jsonl`))
    .find((file) => existsSync(file))
}

/** The executable that the global set-up found or fetched. */
function clientExecutable(): string {
  const path = process.env['CLAUDE_BIN']
  if (path === undefined) throw new Error('CLAUDE_BIN is not set: run the suite with `npm run test:e2e`')
  return path
}
