import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { bareEnvironment } from './bare-environment.ts'
import { removeBusy } from './remove-busy.ts'

/** A real browser without a window, driven by the DevTools protocol over two pipes; ended by its process id. */
export interface Browser {
  /** Opens a file in a tab of its own. */
  open(path: string, view: View): Promise<Tab>
  close(): Promise<void>
}

export interface View {
  /** CSS pixels. */
  readonly width: number
  readonly height?: number
  readonly scheme?: 'light' | 'dark'
  readonly media?: 'print' | 'screen'
}

export interface Tab {
  /** What the page, the browser or its policy complained about. */
  readonly complaints: readonly string[]
  /** Addresses that were asked for, the file itself aside. */
  readonly requests: readonly string[]
  /** The value of an expression in the page; the page's own policy does not hold for it. */
  evaluate<T>(expression: string): Promise<T>
  /** What a screen reader is told, in order: `heading Circuits`. */
  accessibleNodes(): Promise<readonly { readonly role: string; readonly name: string }[]>
  /** A picture of the whole page, or of its top; PNG. @param most CSS pixels of its height. */
  picture(most?: number): Promise<Buffer>
}

const program = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
)

/** Whether there is a browser to start; without one, tests in it are skipped and say so. */
export const hasBrowser: boolean = program !== undefined
export const noBrowser = 'skipped: chromium is not installed, so no page was looked at in a browser (Debian: chromium)'

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly sessionId?: string
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

export async function startBrowser(): Promise<Browser> {
  if (program === undefined) throw new Error(noBrowser)
  const folder = mkdtempSync(join(tmpdir(), 'breakerbox-browser-'))
  const words = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--hide-scrollbars',
    '--remote-debugging-pipe',
    `--user-data-dir=${join(folder, 'profile')}`,
    'about:blank',
  ]
  const child: ChildProcess = spawn(program, words, {
    env: bareEnvironment(folder, { LANG: 'C.UTF-8' }),
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const pipe = new Pipe(child.stdio[3] as Writable, child.stdio[4] as Readable)
  child.once('exit', () => pipe.fail(new Error('the browser has ended')))
  child.once('error', (error) => pipe.fail(error))
  return {
    open: (path, view) => openTab(pipe, path, view),
    async close() {
      await Promise.race([
        pipe.send('Browser.close').catch(() => {}),
        new Promise((resolve) => setTimeout(resolve, 3000)),
      ])
      child.kill('SIGKILL')
      await ended
      // A helper of the browser may still be writing its last file.
      removeBusy(folder)
    },
  }
}

async function openTab(
  pipe: Pipe,
  path: string,
  { width, height = 900, scheme = 'light', media = 'screen' }: View,
): Promise<Tab> {
  const { targetId } = await pipe.send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await pipe.send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
  const send = <T>(method: string, params: object = {}): Promise<T> => pipe.send<T>(method, params, sessionId)
  const complaints: string[] = []
  const requests: string[] = []
  const url = pathToFileURL(path).href
  let loaded: () => void
  const isLoaded = new Promise<void>((resolve) => {
    loaded = resolve
  })
  pipe.listen(sessionId, (method, params) => {
    if (method === 'Page.loadEventFired') loaded()
    if (method === 'Log.entryAdded') complaints.push((params['entry'] as { text: string }).text)
    if (method === 'Runtime.consoleAPICalled') complaints.push(JSON.stringify(params['args']))
    if (method === 'Runtime.exceptionThrown') complaints.push(JSON.stringify(params['exceptionDetails']))
    if (method === 'Audits.issueAdded') complaints.push(JSON.stringify(params['issue']))
    if (method === 'Network.requestWillBeSent') {
      const asked = (params['request'] as { url: string }).url
      if (asked !== url) requests.push(asked)
    }
  })
  for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'Audits', 'Accessibility']) await send(`${domain}.enable`)
  await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })
  await send('Emulation.setEmulatedMedia', { media, features: [{ name: 'prefers-color-scheme', value: scheme }] })
  await send('Page.navigate', { url })
  await isLoaded
  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await send<{ result: { value: T }; exceptionDetails?: unknown }>(
      'Runtime.evaluate',
      { expression, returnByValue: true, awaitPromise: true },
    )
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`)
    return result.value
  }
  return {
    complaints,
    requests,
    evaluate,
    async accessibleNodes() {
      type Node = { ignored: boolean; role?: { value: string }; name?: { value: string } }
      const { nodes } = await send<{ nodes: Node[] }>('Accessibility.getFullAXTree')
      return nodes
        .filter(({ ignored }) => !ignored)
        .map(({ role, name }) => ({ role: role?.value ?? '', name: name?.value ?? '' }))
    },
    async picture(most = Number.POSITIVE_INFINITY) {
      const whole = await evaluate<number>('document.documentElement.scrollHeight')
      const clip = { x: 0, y: 0, width, height: Math.min(whole, most), scale: 1 }
      const { data } = await send<{ data: string }>('Page.captureScreenshot', {
        format: 'png',
        clip,
        captureBeyondViewport: true,
      })
      return Buffer.from(data, 'base64')
    },
  }
}

/** Messages of the protocol: JSON, each ended by a zero byte. */
class Pipe {
  readonly #to: Writable
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  readonly #listeners = new Map<string, (method: string, params: Record<string, unknown>) => void>()
  #last = 0
  #ended: Error | undefined

  constructor(to: Writable, from: Readable) {
    this.#to = to
    // The browser may end while something is written to it; that it has ended is told elsewhere.
    to.on('error', () => {})
    let rest = ''
    from.setEncoding('utf8').on('data', (text: string) => {
      const messages = (rest + text).split('\0')
      rest = messages.pop() ?? ''
      for (const message of messages) this.#take(JSON.parse(message) as Message)
    })
  }

  send<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    const id = ++this.#last
    return new Promise<T>((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended)
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      this.#to.write(`${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`)
    })
  }

  listen(sessionId: string, listener: (method: string, params: Record<string, unknown>) => void): void {
    this.#listeners.set(sessionId, listener)
  }

  fail(error: Error): void {
    this.#ended = error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  #take({ id, method, params = {}, sessionId = '', result, error }: Message): void {
    if (id === undefined) {
      if (method !== undefined) this.#listeners.get(sessionId)?.(method, params)
      return
    }
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(error.message))
  }
}
