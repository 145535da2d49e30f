import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { root, runFile } from '../support/built-hook.ts'
import { answering, type Behaviour, dying, hangingInTheBody, healthy } from '../support/http-server.ts'
import { reportingHome } from './reporting-home.ts'

const writers = 20
const each = 50

/** Good for a while, then every way of being bad; some take an event in and lose the acknowledgement, two of them slowly. */
function flapping(request: number): Behaviour {
  if (request % 600 === 99) return hangingInTheBody
  switch (request % 25) {
    case 7:
      return answering(500)
    case 13:
      return dying
    case 20:
      return answering(503)
    default:
      return healthy
  }
}

test('1,000 events of 20 processes arrive while the server flaps: each, in order, again only where its acknowledgement was lost', {
  timeout: 300_000,
}, async () => {
  const { project, server, sync, spool: folder } = await reportingHome()
  server.behave({ events: flapping })
  // Short times, so that what takes minutes for people takes seconds here.
  const environment = {
    INTELLIGENCE_SERVICE_URL: server.url,
    CIRCUIT_BREAKER_TIMEOUT: '0.1',
    HEALTH_CHECK_INTERVAL: '0.1',
    HEALTH_CHECK_TIMEOUT: '0.5',
  }
  const program = fileURLToPath(new URL('programs/tracks.mjs', import.meta.url))
  const library = join(root, 'dist', 'index.mjs')
  let isWriting = true
  let outages = 0
  const comingAndGoing = (async () => {
    for (; isWriting || outages < 3; outages += 1) {
      await new Promise((resolve) => setTimeout(resolve, 400))
      await server.stop()
      await new Promise((resolve) => setTimeout(resolve, 200))
      await server.start()
    }
  })()
  const ran = await Promise.all(
    Array.from({ length: writers }, (_, writer) =>
      runFile(program, [library, String(writer), String(each)], { project, environment, timeoutSeconds: 60 }),
    ),
  )
  isWriting = false
  await comingAndGoing
  for (const { stdout, stderr } of ran) {
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject({ modified: each, lost: 0, repeated: 0 })
  }
  let syncs = 0
  for (let left = 1; left > 0 && syncs < 60; syncs += 1) {
    const { report, stderr } = await sync([], environment)
    expect(stderr).toBe('')
    left = report.spool.pending
  }

  const firstSeen = server.firstSeen()
  const { afterAck, withoutAck } = server.repeats()
  const lost = server.received.filter(({ isAcknowledged }) => !isAcknowledged)
  const { report } = await sync(['--status'], environment)
  console.log(
    [
      `${writers} processes, ${writers * each} events: ${firstSeen.length} arrived, ${server.received.length} requests came in whole, the port was closed ${outages} times`,
      `${lost.length} requests refused or their acknowledgement lost, ${sum(withoutAck)} repeats after one of those, ${sum(afterAck)} after an acknowledgement`,
      `${syncs} syncs after the writers had ended; ${report.spool.sent} counted as sent, ${report.spool.rejected} rejected, ${report.spool.droppedForAge + report.spool.droppedForSize} dropped (${folder.split('/').at(-1)})`,
    ].join('\n'),
  )
  expect(firstSeen.length).toBe(writers * each)
  expect(report.spool).toMatchObject({
    pending: 0,
    sent: writers * each,
    rejected: 0,
    droppedForAge: 0,
    droppedForSize: 0,
  })
  // An outage may cut off an acknowledgement that is on its way.
  expect(sum(afterAck)).toBeLessThanOrEqual(outages)
  const firsts = new Map<string, number[]>()
  const seen = new Set<string>()
  for (const { id, body } of server.received) {
    if (seen.has(id)) continue
    seen.add(id)
    const { key, body: told } = body as { key: string; body: { content: string } }
    firsts.set(key, [...(firsts.get(key) ?? []), Number(told.content)])
  }
  expect(firsts.size).toBe(writers * 5)
  for (const numbers of firsts.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
})

const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((all, one) => all + one, 0)
