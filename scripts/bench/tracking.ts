import { once } from 'node:events'
import { createServer } from 'node:net'
import { built } from '../../test/support/built-hook.ts'
import { postToolUse } from '../../test/support/payloads.ts'
import { inTurn } from './in-turn.ts'
import { installedProject } from './measured-project.ts'
import type { Part } from './part.ts'
import { middleHalf, ratios, spreadText, targetText } from './spread.ts'

const most = 1.3

interface Case {
  readonly name: string
  readonly environment: Readonly<Record<string, string>>
  readonly isFirst?: boolean
  /** The highest ratio that is wanted; absent for what only has to be known. */
  readonly most?: number
}

/** What reporting a Write costs the session, however the service is. */
export const tracking: Part = {
  name: 'tracking',
  title: 'Reporting a Write, against an empty Node script',
  async run({ quick }) {
    const project = await installedProject()
    const hanging = createServer(() => {})
    hanging.listen(0, '127.0.0.1')
    await once(hanging, 'listening')
    try {
      const empty = project.script('empty.mjs', '')
      const hook = built('pattern-tracker')
      const cases: Case[] = [
        { name: 'off', environment: {} },
        { name: 'server down', environment: at(1), most },
        { name: 'server down, and the first to notice', environment: at(1), isFirst: true },
        { name: 'server that never answers', environment: at((hanging.address() as { port: number }).port), most },
      ]
      const rows: string[][] = []
      for (const { name, environment, most, isFirst = false } of cases) {
        // the first to notice starts what delivers, which then finds out and holds the others off for a minute
        const spool = (round: number) => project.path('spool', isFirst ? `${name} ${round}` : name)
        const times = await inTurn(quick ? 5 : 61, {
          nothing: () => project.timeNode(empty, writing(project, 0)),
          hook: (round) =>
            project.timeNode(hook, writing(project, round), { ...environment, PATTERN_CACHE_DIR: spool(round) }),
        })
        const ratio = middleHalf(ratios(times.hook, times.nothing))
        rows.push([
          name,
          spreadText(middleHalf(times.hook), 1),
          spreadText(middleHalf(times.nothing), 1),
          spreadText(ratio),
          most === undefined ? '' : targetText(`≤ ${most}`, ratio.middle <= most),
        ])
      }
      return { columns: ['`pattern-tracker`', 'ms', '`node empty.mjs`, ms', 'ratio', 'target'], rows }
    } finally {
      hanging.close()
      project.remove()
    }
  },
}

const at = (port: number) => ({ INTELLIGENCE_SERVICE_URL: `http://127.0.0.1:${port}` })

/** A Write of a hundred lines, another one each round. */
function writing(project: Parameters<typeof postToolUse>[0]['project'], round: number) {
  const content = `// ${round}\n${'export const line = 1\n'.repeat(100)}`
  const input = { file_path: project.path('src', 'lines.ts'), content }
  return postToolUse({ project }, { tool: 'Write', input, id: `toolu_${round}` }, { type: 'update', content })
}
