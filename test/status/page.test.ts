import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultConfig } from '../../lib/config/load.ts'
import type { Config } from '../../lib/config/schema.ts'
import type { Circuit } from '../../lib/engine/circuit.ts'
import type { Incident } from '../../lib/engine/incident.ts'
import { changedLimits } from '../../lib/status/changed-limits.ts'
import { historyReport } from '../../lib/status/history.ts'
import type { HookReport } from '../../lib/status/hook-report.ts'
import { html } from '../../lib/status/markup.ts'
import { isPage, type PageFacts, statusPage } from '../../lib/status/page.ts'
import { pageStyle } from '../../lib/status/page-style.ts'
import { statusReport } from '../../lib/status/status-report.ts'
import { type Browser, hasBrowser, noBrowser, startBrowser } from '../support/browser.ts'
import { at, incident, noon, past } from './past.ts'

/** What wants to be more than text, in every way that a page could take it for more. */
const hostile =
  '</code></style></title><script>document.title="pwned"</script><img src=http://127.0.0.1:9/x onerror="document.title=\'pwned\'">' +
  '"\' onmouseover=x `${1}` &amp; <!-- ]]> \u202e\u0007\u001b[2J 𝕏 العربية ' +
  'w'.repeat(300)

const circuit = (more: Partial<Circuit> = {}): Circuit => ({
  pattern: 'tool_failure',
  subject: 'Bash(npm test)',
  target: { kind: 'operation', key: 'k' },
  session: 'S',
  agent: 'main',
  status: { state: 'open', openedAt: at(0), retryAt: at(-0.05) },
  level: 1,
  trips: 1,
  lastTrip: { at: at(1), turn: 3, reason: 'failed 3 times in 3 turns with the same error' },
  denials: { count: 2, ids: [] },
  ...more,
})

interface Made {
  readonly circuits?: readonly Circuit[]
  readonly incidents?: readonly Incident[]
  readonly config?: Config
  /** Stands wherever a project or a person can put words. */
  readonly words?: string
}

function facts(
  { circuits = [], incidents = [], config = defaultConfig(), words }: Made,
  more: Partial<PageFacts> = {},
): PageFacts {
  const read = past(incidents)
  const memory = {
    totalBytes: 5 * 1024 * 1024,
    limitBytes: 5 * 1024 * 1024,
    telemetry: [
      {
        file: words ?? 'a_telemetry.jsonl',
        bytes: 100,
        lines: 1,
        limitLines: 1000,
        limitBytes: 51_200,
        ageDays: 1,
        limitDays: 7,
      },
    ],
    sessions: { active: 2, limit: 10 },
    archives: { count: 1, limit: 20, bytes: 50 },
    sessionArchives: { count: 0, bytes: 0 },
    own: {
      state: { bytes: 7, limitBytes: 20_000 },
      windows: { count: 1, bytes: 8, mostEntries: 3, limitEntries: 200 },
      spool: { count: 4, limit: 1000, bytes: 9 },
    },
    next: words === undefined ? [] : [words],
  }
  const hooks: HookReport = {
    version: 1,
    healthy: true,
    guarded: [],
    unguarded: [],
    statistics: { total_executions: 0, total_failures: 0, hooks_disabled: 0, last_updated: null },
    transcripts: { days: 14, files: 0, bytes: 0, leftOut: 0, damaged: 0 },
  }
  const times = { medianMs: 12, p95Ms: 1400 }
  return {
    project: words ?? '/home/you/my-project',
    version: '1.2.3',
    status: statusReport(
      {
        config,
        configProblems: words === undefined ? [] : [words],
        circuits,
        shared: { circuits: [], damage: [] },
        memory,
        incidents: read.incidents,
      },
      noon,
    ),
    halt: null,
    lately: read.incidents,
    history: historyReport(read, config, 14, noon),
    hooks:
      words === undefined
        ? hooks
        : {
            ...hooks,
            guarded: [
              {
                command: words,
                state: 'open',
                class: 'guard',
                runs: 3,
                failures: 3,
                consecutiveFailures: 3,
                lastError: words,
                lastFailure: at(1),
                downSince: at(1),
                retryAt: at(-1),
                retrySeconds: 60,
                ...times,
              },
            ],
            unguarded: [
              {
                command: words,
                runs: 3,
                failed: 1,
                timedOut: 0,
                refused: 0,
                slowest: { ms: 1400, hook: words, at: at(3) },
                ...times,
              },
            ],
            configProblems: [words],
          },
    changedLimits: changedLimits(config, defaultConfig()),
    absence: words,
    ...more,
  }
}

const agitated = (words?: string): PageFacts => {
  const own = words === undefined ? {} : { subject: words, session: words, agent: words, reason: words }
  const days = [0, 1, 2, 5, 9].map((days) => days * 24 * 60 + 30)
  return facts(
    {
      circuits: [
        circuit(
          words === undefined
            ? {}
            : { subject: words, session: words, agent: words, lastTrip: { at: at(1), turn: 3, reason: words } },
        ),
        circuit({ subject: 'Bash(probing)', status: { state: 'half_open', successes: 0 } }),
        circuit({ subject: 'Bash(held)', status: { state: 'forced_open' } }),
        circuit({ subject: 'Bash(free)', status: { state: 'disabled' } }),
      ],
      incidents: days.flatMap((minutes) => [
        incident(minutes, 'trip', { since: at(minutes + 3), count: 3, ...own, session: `S${minutes}` }),
        incident(minutes - 1, 'denial', { ...own, session: `S${minutes}` }),
        incident(minutes - 2, 'halt', { ...own, session: `S${minutes}` }),
        incident(minutes - 3, 'warning', own),
        incident(minutes, 'trip', {
          pattern: 'repeated_call',
          since: at(minutes + 3),
          count: 3,
          ...own,
          session: `T${minutes}`,
        }),
        incident(minutes - 4, 'reset', { ...own, pattern: 'repeated_call', session: `T${minutes}` }),
      ]),
      config: {
        ...defaultConfig(),
        halt_after_denials: 5,
        memory_limits: { ...defaultConfig().memory_limits, telemetry_files: [words ?? 'mine.jsonl'] },
      },
      ...(words === undefined ? {} : { words }),
    },
    words === undefined
      ? {}
      : {
          halt: {
            version: 1,
            at: words,
            session: words,
            agent: words,
            subject: words,
            reason: words,
            howToContinue: [words],
          },
        },
  )
}
const page = (made: PageFacts): Promise<string> => statusPage(made, noon)

describe('the markup', () => {
  it('escapes what it is given, in text and in attributes, and not what it has made', () => {
    expect(html`<a title="${'"<&>\''}">${html`<b>${'<i>'}</b>`}${['&', 1, undefined]}</a>`.text).toBe(
      '<a title="&#34;&#60;&#38;&#62;&#39;"><b>&#60;i&#62;</b>&#38;1</a>',
    )
  })
})

describe('the page', () => {
  it('is known as ours, and nothing else is', async () => {
    expect(isPage((await page(facts({}))).slice(0, 1024))).toBe(true)
    for (const other of ['', '<!doctype html><p>Mine', 'notes about <meta name="generator" content="Breakerbox '])
      expect(isPage(other)).toBe(false)
  })

  it('allows its own style and nothing else', async () => {
    const text = await page(facts({}))
    const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(text) ?? []
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(text) ?? []
    expect(style).toBe(pageStyle)
    expect(policy.replaceAll('&#39;', "'")).toBe(
      `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`,
    )
    // a policy holds from where it stands
    expect(text.indexOf('Content-Security-Policy')).toBeLessThan(text.indexOf('<style'))
  })

  it.each([
    ['quiet', facts({})],
    ['full', agitated()],
    ['hostile', agitated(hostile)],
  ])('%s: no script, no address, no handler, no style of an element', async (_, made) => {
    const text = await page(made)
    const tags = [...text.matchAll(/<[a-z!][^>]*>/gi)].map(([tag]) => tag)
    expect(tags.length).toBeGreaterThan(50)
    expect(
      tags.filter((tag) =>
        /<(?:script|img|link|iframe|object|embed|base|form|a|use|image)\b|\s(?:on\w+|style|src|href|srcset|xlink:href)=/i.test(
          tag,
        ),
      ),
    ).toEqual([])
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/)
    expect(text.replace(pageStyle, '')).not.toMatch(/url\(|@import/)
  })

  it.each<[string, PageFacts, string]>([
    ['nothing', facts({}), 'All circuits are closed'],
    ['one open', facts({ circuits: [circuit()] }), '1 circuit is open'],
    ['several', agitated(), '2 circuits are open, 1 half-open'],
    [
      'one half-open',
      facts({ circuits: [circuit({ status: { state: 'half_open', successes: 0 } })] }),
      '1 circuit is half-open',
    ],
    ['off', facts({ config: { ...defaultConfig(), mode: 'off' } }), 'Breakerbox is switched off'],
    [
      'observing',
      facts({ config: { ...defaultConfig(), mode: 'observe' } }),
      'All circuits are closed, and nothing is refused: Breakerbox only observes',
    ],
    ['a halt', facts({}, { halt: { version: 1, at: at(1) } }), 'A run was halted and waits for an answer'],
  ])('%s: says so first', async (_, made, title) => {
    const text = await page(made)
    expect(text).toContain(`<h1>${title}</h1>`)
    expect(text).toContain(`<title>${title} · Breakerbox</title>`)
  })

  it('has what the terminal says of a circuit, and how to close it', async () => {
    const text = await page(facts({ circuits: [circuit()] }))
    for (const said of [
      'OPEN',
      'Bash(npm test)',
      'Refused for 3 s more (until 12:00:03 UTC), then one probe.',
      'failed 3 times',
      'reset-circuit --circuit tool_failure',
      'session S',
    ])
      expect(text).toContain(said)
  })

  it('names each limit that is not at its default, with the default', async () => {
    const text = await page(agitated())
    expect(text).toMatch(/halt_after_denials<\/code><\/th><td><code>5<\/code><\/td><td class="soft"><code>3<\/code>/)
    expect(text).not.toContain('Every limit is at its default')
    expect(await page(facts({}))).toContain('Every limit is at its default')
  })

  it('has the days’ numbers in a table as well as in bars', async () => {
    const text = await page(agitated())
    expect(text).toContain('<title>2026-03-04: 2 trips</title>')
    expect(text).toMatch(/<th scope="row" class="nowrap">2026-03-04<\/th><td class="number">2<\/td>/)
  })
})

if (!hasBrowser) console.log(noBrowser)

describe.skipIf(!hasBrowser)('in a real browser', () => {
  let browser: Browser
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'breakerbox-page-'))
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true, force: true })
  })
  let files = 0
  const open = async (made: PageFacts, view: Parameters<Browser['open']>[1]) => {
    const path = join(folder, `${++files}.html`)
    writeFileSync(path, await page(made))
    return browser.open(path, view)
  }

  const states = { quiet: facts({}), full: agitated(), hostile: agitated(hostile) }
  const views = [
    { width: 1200 },
    { width: 390 },
    { width: 320, scheme: 'dark' },
    { width: 794, media: 'print', scheme: 'dark' },
  ] as const

  describe.each(Object.entries(states))('%s', (_, made) => {
    it.each(views)('%j: no complaint, no request, nothing beyond the edge, every text readable', async (view) => {
      const tab = await open(made, view)
      expect(await tab.evaluate('document.title')).not.toContain('pwned')
      expect(await tab.evaluate('document.scripts.length + document.images.length')).toBe(0)
      expect(await tab.evaluate('document.documentElement.scrollWidth')).toBe(view.width)
      expect(await tab.evaluate<string[]>(lowContrast)).toEqual([])
      expect(tab.complaints).toEqual([])
      expect(tab.requests).toEqual([])
      // the look has come through its policy
      expect(await tab.evaluate('getComputedStyle(document.querySelector("h1")).letterSpacing')).not.toBe('normal')
    })
  })

  describe('where the escaping had a hole', () => {
    const hole =
      '<script>document.title="pwned"</script><img src="http://127.0.0.1:9/x.png"><p style="position:fixed" onclick="x()">x</p>'
    const broken = async () => (await page(facts({}))).replace('<main>', `<main>${hole}`)
    const openText = (text: string) => {
      const path = join(folder, `${++files}.html`)
      writeFileSync(path, text)
      return browser.open(path, { width: 800 })
    }
    const position = 'getComputedStyle(document.querySelector("main p")).position'

    it('the policy would stop what came through it', async () => {
      const tab = await openText(await broken())
      expect(await tab.evaluate('document.title')).not.toContain('pwned')
      expect(await tab.evaluate(position)).toBe('static')
      expect(tab.complaints.join('\n')).toMatch(/Content Security Policy/)
      expect(tab.requests.filter((url) => !url.startsWith('http://127.0.0.1:9/'))).toEqual([])
    })

    it('and without it these tests would see it', async () => {
      const tab = await openText((await broken()).replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, ''))
      expect(await tab.evaluate('document.title')).toBe('pwned')
      expect(await tab.evaluate(position)).toBe('fixed')
      expect(tab.requests).toEqual(['http://127.0.0.1:9/x.png'])
    })
  })

  it('is told to a screen reader with landmarks, headings in order, tables with heads, and pictures in words', async () => {
    const tab = await open(agitated(), { width: 1000 })
    const nodes = await tab.accessibleNodes()
    const named = (role: string) => nodes.filter((node) => node.role === role).map(({ name }) => name)
    expect(named('main')).toHaveLength(1)
    expect(named('banner')).toHaveLength(1)
    expect(named('contentinfo')).toHaveLength(1)
    expect(named('region')).toEqual(
      expect.arrayContaining([
        'Circuits',
        'The last 14 days',
        'Most looped operations',
        'Memory folder',
        'Limits of your own',
      ]),
    )
    expect(named('image')).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^Tripped per day: 10 on 5 of 14 days, most on 2026-03-04 \(2\)$/),
      ]),
    )
    expect(await tab.evaluate('document.documentElement.lang')).toBe('en')
    const levels = await tab.evaluate<number[]>(
      '[...document.querySelectorAll("h1,h2,h3,h4")].map((h) => Number(h.tagName[1]))',
    )
    expect(levels[0]).toBe(1)
    expect(levels.filter((level) => level === 1)).toHaveLength(1)
    for (const [index, level] of levels.entries()) expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1)
    expect(await tab.evaluate('[...document.querySelectorAll("th")].filter((th) => !th.scope).length')).toBe(0)
    expect(
      await tab.evaluate(
        'new Set([...document.querySelectorAll("[id]")].map((e) => e.id)).size - document.querySelectorAll("[id]").length',
      ),
    ).toBe(0)
  })

  it('tells states apart without colour', async () => {
    const tab = await open(agitated(), { width: 1000 })
    const marks = await tab.evaluate<[string, string][]>(
      '[...document.querySelectorAll(".cards .state")].map((e) => [e.textContent, e.querySelector("svg").innerHTML])',
    )
    expect(marks.map(([word]) => word)).toEqual(['FORCED OPEN', 'OPEN', 'HALF-OPEN', 'DISABLED'])
    expect(new Set(marks.map(([, shape]) => shape)).size).toBe(4)
  })

  it('has ground and ink of the person’s scheme', async () => {
    const ground = async (scheme: 'light' | 'dark') =>
      (await open(facts({}), { width: 800, scheme })).evaluate<string>(
        'getComputedStyle(document.body).backgroundColor',
      )
    expect(await ground('light')).toBe('rgb(251, 250, 248)')
    expect(await ground('dark')).toBe('rgb(22, 21, 19)')
  })
})

/** Texts whose contrast on what is behind them is below 4.5 to 1 (WCAG 2.2, 1.4.3), computed in the page. */
const lowContrast = `(() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((each) => Number(each) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor
      if (colour !== 'rgba(0, 0, 0, 0)') return colour
    }
    return 'rgb(255, 255, 255)'
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const bad = new Set()
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement
    if (walker.currentNode.data.trim() === '' || element.closest('title')) continue
    const style = getComputedStyle(element)
    const ink = element instanceof SVGElement ? style.fill : style.color
    const [low, high] = [light(ink), light(behind(element))].sort((a, b) => a - b)
    if ((high + 0.05) / (low + 0.05) < 4.5) bad.add(ink + ' on ' + behind(element) + ': ' + walker.currentNode.data.trim().slice(0, 40))
  }
  return [...bad]
})()`
