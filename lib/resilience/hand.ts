import { join } from 'node:path'
import type { ProgramWords } from '../system/beside.ts'
import type { System } from '../system/system.ts'
import type { ServiceEvent } from './contracts.ts'
import { createExecutor } from './executor.ts'
import { type News, newsIn } from './news.ts'
import type { ServiceSettings } from './service-settings.ts'

/** What a process needs to report something and not wait for it. */
export interface Reporting {
  /** Keeps an event and sees to its delivery in the background. @throws KnownError where the disk refuses. */
  hand(event: ServiceEvent): void
  readonly news: News
}

/** File name of the program that delivers in the background; it stands beside whatever fills the spool. */
export const flusherFile = 'event-flusher.cjs'

/** Over the spool that the user's settings name. @param flusher what delivers. */
export function reporting(system: System, { folder, maxBytes }: ServiceSettings, flusher: ProgramWords): Reporting {
  let cause: unknown
  const onFailure = (why: unknown): void => {
    cause = why
  }
  const executor = createExecutor(system, folder, { maxBytes, flusher, onFailure })
  return {
    hand(event) {
      if (!executor.hand(event)) throw cause
    },
    news: newsIn(system, newsFolder(folder)),
  }
}

/** Beside what waits in the spool. */
export const newsFolder = (spool: string): string => join(spool, 'seen')
