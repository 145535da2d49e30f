import type { System } from '../system/system.ts'
import { apiClient } from './api-client.ts'
import { flushInBackground } from './flusher.ts'
import { newsFolder } from './hand.ts'
import { newsIn } from './news.ts'
import { serviceSettings } from './service-settings.ts'
import { spoolOf } from './spool-of.ts'

/** What was said longer ago than this is of no use to anybody who reports, milliseconds. */
const longestNews = 24 * 3_600_000

/**
 * `event-flusher`: started, detached, by whoever has put something into the spool; delivers and ends. Nobody reads what it
 * could say: the spool keeps the last error, and `breakerbox sync` tells of it.
 */
export async function deliverInBackground(system: System): Promise<void> {
  try {
    const { settings } = serviceSettings(system)
    newsIn(system, newsFolder(settings.folder)).forget(longestNews)
    await flushInBackground(system, spoolOf(system, settings), apiClient(system, settings).deliver)
  } catch {
    // The events are still there, and so is the cause: `breakerbox sync` meets it too.
  }
}
