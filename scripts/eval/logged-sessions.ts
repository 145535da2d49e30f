import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { asLoggedSession, type LoggedSession } from '../../lib/replay/call-log.ts'

/** The sessions of packed call logs. */
export const readLoggedSessions = (files: readonly string[]): LoggedSession[] =>
  files.flatMap((file) =>
    gunzipSync(readFileSync(file))
      .toString('utf8')
      .split('\n')
      .flatMap((line) => (line === '' ? [] : (asLoggedSession(JSON.parse(line)) ?? []))),
  )
