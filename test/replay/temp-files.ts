import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { defaultConfig } from '../../lib/config/load.ts'
import {
  type FileFindings,
  type FileSession,
  type RecordingFormat,
  replayFiles,
} from '../../lib/replay/replay-files.ts'
import { findRecordings } from '../../lib/replay/sources.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { System } from '../../lib/system/system.ts'

/** A folder that is gone after the test. */
export function tempFolder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'breakerbox-replay-')))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Writes files below a folder, whose folders are made. */
export function write(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
}

/** The real system, standing in a folder. */
export const systemIn = (workingFolder: string, homeFolder = join(workingFolder, 'home')): System => ({
  ...nodeSystem(),
  workingFolder,
  homeFolder,
})

/** Replays what is below a folder, or what is named there. */
export async function replayIn(folder: string, named: readonly string[] = [folder], format: RecordingFormat = 'auto') {
  const sessions: FileSession[] = []
  const findings: FileFindings[] = []
  await replayFiles(findRecordings(systemIn(folder), named).recordings, {
    format,
    config: defaultConfig(),
    onSession: (session) => sessions.push(session),
    onFile: (file) => findings.push(file),
  })
  return { sessions, findings }
}
