import { Chalk } from 'chalk'
import type { Command } from 'commander'
import { type ApiClient, apiClient } from '../resilience/api-client.ts'
import type { EventSpool, FlushReport } from '../resilience/contracts.ts'
import { serviceSettings } from '../resilience/service-settings.ts'
import { spoolOf } from '../resilience/spool-of.ts'
import { type SyncReport, syncText } from '../status/sync-text.ts'
import type { System } from '../system/system.ts'
import { harmlessJson } from './harmless-json.ts'
import { type CommandResult, type Invocation, type Progress, printed } from './result.ts'

interface Options {
  readonly status?: boolean
  readonly json?: boolean
}

/** While another process delivers it is waited for, milliseconds: it ends by itself a few seconds after its last event. */
const patienceMs = 20_000
const lookMs = 500

/** Adds `sync` to a program. */
export function addSync(
  program: Command,
  system: System,
  invocation: Invocation,
  act: (run: () => Promise<CommandResult>) => void,
): void {
  program
    .command('sync')
    .description(
      'deliver what hooks have left for the services that you have named; exit code 1 if something could not be',
    )
    .option('--status', 'only show what waits and how the services are; exit code 0')
    .option('--json', 'print the report as JSON')
    .action((options: Options) => act(() => sync(system, options, invocation)))
}

async function sync(
  system: System,
  { status = false, json = false }: Options,
  invocation: Invocation,
): Promise<CommandResult> {
  const { settings, problems } = serviceSettings(system)
  const spool = spoolOf(system, settings)
  const client = apiClient(system, settings)
  const delivered = status ? undefined : await deliver(system, spool, client, invocation)
  const report: SyncReport = {
    folder: settings.folder,
    spool: await spool.report(),
    services: await client.status(),
    problems,
    ...(delivered === undefined ? {} : { delivered }),
  }
  const paint = new Chalk({ level: invocation.colour ? 1 : 0 })
  const lines = json ? [harmlessJson(report)] : syncText(report, system.clock(), paint)
  const isUndelivered = delivered !== undefined && delivered.rejected + delivered.left > 0
  return { ...printed(...lines), exitCode: isUndelivered ? 1 : 0 }
}

async function deliver(
  system: System,
  spool: EventSpool,
  client: ApiClient,
  invocation: Invocation,
): Promise<FlushReport> {
  // Whoever asks now wants to know about now: a minute's old failure is no reason not to try.
  if ((await spool.report()).pending > 0) await client.tryAnew()
  const until = system.clock() + patienceMs
  let bar: Progress | undefined
  let shown = 0
  const onProgress = (done: number, all: number): void => {
    bar ??= invocation.progress(all)
    bar.add(done - shown)
    shown = done
  }
  for (;;) {
    const report = await spool.flush(client.deliver, { onProgress })
    // Whoever is at work may have nothing left to do, and only waits for more.
    const isBusy = report.isBusy && report.left > 0
    if (!isBusy || system.clock() >= until) {
      bar?.end()
      return { ...report, isBusy }
    }
    await system.sleep(lookMs)
  }
}
