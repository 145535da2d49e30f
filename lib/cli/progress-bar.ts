import type { Progress } from './result.ts'

const width = 30

/**
 * A bar on one line of a terminal, drawn anew for each further percent.
 *
 * @param write undefined where there is no terminal: then nothing is shown.
 */
export function progressBar(total: number, write: ((text: string) => void) | undefined): Progress {
  let done = 0
  let shown = -1
  return {
    add(amount) {
      done += amount
      const percent = total === 0 ? 100 : Math.min(100, Math.floor((100 * done) / total))
      if (write === undefined || percent === shown) return
      shown = percent
      const filled = Math.round((percent / 100) * width)
      write(`\r${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${percent} %`)
    },
    end() {
      if (shown >= 0) write?.('\r\u001b[K')
    },
  }
}
