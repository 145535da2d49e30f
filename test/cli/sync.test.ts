import { describe, expect, test } from 'vitest'
import { reportingHome, written } from '../resilience/reporting-home.ts'
import { runCommand, runHook } from '../support/built-hook.ts'
import { answering } from '../support/http-server.ts'

/** A home in whose spool so many events wait, because the server was down. */
async function waiting(events: number) {
  const home = await reportingHome()
  const { project, server, tracking: environment } = home
  await server.stop()
  for (let n = 0; n < events; n += 1) {
    await runHook('pattern-tracker', written(project, `file-${n}.ts`, `${n}`, `toolu_${n}`), { project, environment })
  }
  // What the first one has started has tried and given up: from here on nobody delivers unasked.
  while ((await home.sync(['--status'])).report.spool.lastError === undefined);
  const sync = (...words: string[]) => runCommand('breakerbox', ['sync', ...words], { project, environment })
  return { ...home, text: sync }
}

describe('breakerbox sync', () => {
  test('says that nothing is named and nothing waits, and writes nothing', async () => {
    const { project, isUntouched } = await reportingHome()
    const { exitCode, stdout, stderr } = await runCommand('breakerbox', ['sync'], { project })
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toContain('Nothing was waiting.')
    expect(stdout).toContain('No service is named: INTELLIGENCE_SERVICE_URL')
    expect(isUntouched()).toBe(true)
  })

  test('with --status shows what waits and how the service is, and delivers nothing', async () => {
    const { text, server, sync } = await waiting(3)
    await sync()
    const { exitCode, stdout } = await text('--status')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(
      /^patterns: http:\/\/127\.0\.0\.1:\d+: down \(no answer \(ECONNREFUSED\)\), asked \d+ s ago; .*circuit CLOSED/m,
    )
    expect(stdout).toMatch(/^3 waiting \(\d+\.\d kB\), the oldest since \d+ s ago\.$/m)
    expect(stdout).toMatch(/^Last error, \d+ s ago: it is down: no answer \(ECONNREFUSED\)$/m)
    await server.start()
    expect((await sync(['--status'])).report).toMatchObject({ spool: { pending: 3 }, services: { patterns: {} } })
    expect(server.received).toEqual([])
  })

  test('delivers at once when the server is back, whatever was found before', async () => {
    const { text, server } = await waiting(3)
    const down = await text()
    expect([down.exitCode, down.stdout]).toEqual([1, expect.stringContaining('0 delivered, 3 still waiting.')])
    await server.start()
    const up = await text()
    expect([up.exitCode, up.stdout]).toEqual([0, expect.stringContaining('3 delivered.')])
    expect(up.stdout).toContain('Nothing waits.')
    expect(up.stdout).toContain('Ever: 3 sent, 0 not accepted, 0 dropped for age, 0 dropped for size.')
    expect(server.firstSeen().length).toBe(3)
  })

  test('ends with 1 where something is not accepted, and tells how much', async () => {
    const { text, server } = await waiting(2)
    await server.start()
    server.behave({ events: (request) => answering(request === 1 ? 422 : 200) })
    const { exitCode, stdout } = await text()
    expect([exitCode, stdout]).toEqual([1, expect.stringContaining('1 delivered, 1 not accepted and given up.')])
  })

  test('names wrong settings, and no password of an address', async () => {
    const { project, server } = await reportingHome()
    const environment = {
      INTELLIGENCE_SERVICE_URL: server.url.replace('//', '//me:hush@'),
      HEALTH_CHECK_TIMEOUT: 'soon',
      PATTERN_CACHE_MAX_SIZE_MB: '-1',
    }
    const { exitCode, stdout } = await runCommand('breakerbox', ['sync'], { project, environment })
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^Note: HEALTH_CHECK_TIMEOUT is "soon"; allowed: /m)
    expect(stdout).toMatch(/^Note: PATTERN_CACHE_MAX_SIZE_MB is "-1"; allowed: /m)
    expect(stdout).not.toContain('hush')
  })
})
