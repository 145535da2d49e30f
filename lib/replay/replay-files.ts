import { basename } from 'node:path'
import { textField } from '../calls/json.ts'
import type { Config } from '../config/schema.ts'
import { readLines } from '../system/lines.ts'
import { asLoggedSession, loggedEvents } from './call-log.ts'
import type { RecordedFiles } from './recorded-files.ts'
import type { RecordedEvent } from './recording.ts'
import { type ReplayedSession, Replayer } from './replayer.ts'
import { TranscriptReader } from './transcript.ts'

/** `calls` is the call log, `claude-code` the client's transcripts. */
export type RecordingFormat = 'auto' | 'claude-code' | 'calls'

export interface FileSession extends ReplayedSession {
  readonly file: string
  /** Where the session comes from: a call log's own word, `claude-code` for transcripts. */
  readonly source: string
}

/** What happened to a file besides its sessions. */
export interface FileFindings {
  readonly file: string
  readonly lines: number
  /** Lines that are no JSON, or no record. */
  readonly damaged: number
  /** Why it is no recording at all. */
  readonly problem?: string
}

export interface ReplayOptions {
  readonly format: RecordingFormat
  readonly config: Config
  readonly onSession: (session: FileSession) => void
  readonly onFile: (findings: FileFindings) => void
  readonly onBytes?: (bytes: number) => void
}

/**
 * Replays files one after the other; of each session only what it came to is kept, so memory does not grow with the
 * history. Damaged lines are counted and passed over; a file that is no recording is named.
 */
export async function replayFiles(recordings: readonly RecordedFiles[], options: ReplayOptions): Promise<void> {
  for (const recording of recordings) {
    try {
      await replayRecording(recording, options)
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      options.onFile({ file: recording.main, lines: 0, damaged: 0, problem })
    }
  }
}

async function replayRecording({ main, agents }: RecordedFiles, options: ReplayOptions): Promise<void> {
  const isLog = options.format === 'auto' ? await looksLikeCallLog(main) : options.format === 'calls'
  if (isLog) await replayCallLog(main, options)
  else await replayTranscript(main, agents, options)
}

/** Lines that are looked at to tell what a file is: its first ones may be damaged. */
const mostLooks = 100

async function looksLikeCallLog(file: string): Promise<boolean> {
  let looks = 0
  for await (const line of readLines(file)) {
    const value = line === undefined ? undefined : parse(line)
    if (asLoggedSession(value) !== undefined) return true
    looks += 1
    if (textField(value, 'type') !== undefined || looks >= mostLooks) return false
  }
  return false
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

async function replayCallLog(file: string, { config, onSession, onFile, onBytes }: ReplayOptions): Promise<void> {
  let lines = 0
  let damaged = 0
  for await (const line of readLines(file, onBytes)) {
    if (line?.trim() === '') continue
    lines += 1
    const logged = line === undefined ? undefined : asLoggedSession(parse(line))
    if (logged === undefined) {
      damaged += 1
      continue
    }
    const replayer = new Replayer(logged.session, config)
    for (const event of loggedEvents(logged)) replayer.play(event)
    onSession({ ...replayer.result(), file, source: logged.source || baseName(file) })
  }
  const problem = lines > 0 && damaged === lines ? 'is no call log: no line has a session and its calls' : undefined
  onFile({ file, lines, damaged, ...(problem === undefined ? {} : { problem }) })
}

/** A transcript with those of its subagents, in the order in which things happened. */
async function replayTranscript(main: string, agents: readonly string[], options: ReplayOptions): Promise<void> {
  const reading = [main, ...agents].map((file) => ({ file, reader: new TranscriptReader(), lines: 0, damaged: 0 }))
  const streams = reading.map((each) => recordedEvents(each, options.onBytes))
  let replayer: Replayer | undefined
  let calls = 0
  for await (const recorded of inOrder(streams)) {
    replayer ??= new Replayer(reading[0]?.reader.session ?? baseName(main), options.config)
    const isCall = recorded.event.kind === 'request'
    replayer.play({ ...recorded, callIndex: isCall ? calls : calls - 1 })
    if (isCall) calls += 1
  }
  for (const { file, lines, damaged } of reading) {
    const problem = lines > 0 && damaged === lines ? 'is no transcript: no line is a record of the client' : undefined
    options.onFile({ file, lines, damaged, ...(problem === undefined ? {} : { problem }) })
    if (problem !== undefined && file === main) return
  }
  const session = reading[0]?.reader.session ?? baseName(main)
  const result = (replayer ?? new Replayer(session, options.config)).result()
  options.onSession({ ...result, session, file: main, source: 'claude-code' })
}

const baseName = (file: string): string => basename(file).replace(/\.jsonl(?:\.gz)?$/, '')

async function* recordedEvents(
  reading: { readonly file: string; readonly reader: TranscriptReader; lines: number; damaged: number },
  onBytes?: (bytes: number) => void,
): AsyncGenerator<RecordedEvent> {
  for await (const line of readLines(reading.file, onBytes)) {
    if (line?.trim() === '') continue
    reading.lines += 1
    const events = line === undefined ? undefined : reading.reader.take(parse(line))
    if (events === undefined) reading.damaged += 1
    else yield* events
  }
  yield* reading.reader.end()
}

/** Merges streams that are each in order of time; equal times keep the order of the streams. */
async function* inOrder(streams: readonly AsyncGenerator<RecordedEvent>[]): AsyncGenerator<RecordedEvent> {
  const heads = await Promise.all(streams.map((stream) => stream.next()))
  for (;;) {
    let next: { readonly recorded: RecordedEvent; readonly stream: number } | undefined
    for (const [stream, head] of heads.entries()) {
      if (head.done === true || (next !== undefined && next.recorded.at <= head.value.at)) continue
      next = { recorded: head.value, stream }
    }
    if (next === undefined) return
    yield next.recorded
    heads[next.stream] = await (streams[next.stream] as AsyncGenerator<RecordedEvent>).next()
  }
}
