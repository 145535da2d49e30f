import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hookStates } from '../../lib/guard/hook-states.ts'
import { openEventSpool } from '../../lib/resilience/event-spool.ts'
import { healthChecker } from '../../lib/resilience/health.ts'
import { nodeSystem } from '../../lib/system/node-system.ts'
import type { System } from '../../lib/system/system.ts'
import { fireEvent } from '../support/built-hook.ts'
import { bashCall, postToolBatch, postToolUseFailure } from '../support/payloads.ts'
import { type Broken, changeSettings, configPath, inHome, replacing, testBroken } from './broken.ts'
import { age, type Installed } from './installed.ts'

/** The system of the project's user, for what has to be made by the code itself. */
const systemOf = ({ project, env }: Installed, shiftMs = 0): System => ({
  ...nodeSystem(),
  clock: () => Date.now() + shiftMs,
  env,
  host: 'host',
  homeFolder: project.home,
  workingFolder: project.folder,
})

/** Opens a real circuit, through the hooks that are registered. */
async function loop({ project }: Installed): Promise<void> {
  for (const id of ['a', 'b', 'c']) {
    const call = bashCall('npm test', id)
    await fireEvent(project, postToolUseFailure({ project }, call, 'Exit code 1\nboom'))
    await fireEvent(project, postToolBatch({ project }, [[call, 'Exit code 1\nboom']]))
  }
}

/** A guarded hook that is down. */
async function lintFails(bench: Installed): Promise<void> {
  const limits = {
    failure_threshold: 1,
    cooldown_seconds: 300,
    success_threshold: 2,
    timeout_seconds: 30,
    max_output_kb: 10,
  }
  await hookStates(systemOf(bench)).recordFailure(
    { command: './lint.sh --all', class: 'convenience', limits },
    'exit code 3',
  )
}

const cases: readonly Broken[] = [
  // Memory
  {
    id: 'memory-not-a-folder',
    level: 'problem',
    what: 'a link in place of the memory folder',
    break({ project }) {
      renameSync(project.memory, project.path('elsewhere'))
      symlinkSync(project.path('elsewhere'), project.memory)
    },
    says: /is a link, and hooks follow none/,
    command: /^mv .* && breakerbox install$/,
    mend: 'command',
  },
  {
    id: 'memory-not-a-folder',
    level: 'problem',
    what: 'a file in place of the sessions',
    break: ({ project }) => project.write('.claude/memory/circuit_breaker_sessions', ''),
    mend: 'command',
  },
  {
    id: 'memory-open',
    level: 'problem',
    what: 'others can look into it',
    break: ({ project }) => chmodSync(project.memory, 0o755),
    command: /^chmod 700 /,
    mend: 'fix',
  },
  {
    id: 'memory-open',
    level: 'problem',
    what: 'others can change the config',
    break: ({ project }) => chmodSync(project.path(configPath), 0o666),
    command: /^chmod 600 /,
    mend: 'command',
  },
  {
    id: 'memory-not-writable',
    level: 'problem',
    what: 'its owner may not write into it',
    break: ({ project }) => chmodSync(project.memory, 0o500),
    mend: 'fix',
  },
  {
    id: 'memory-not-writable',
    level: 'problem',
    what: 'its owner may not even look into it',
    break: ({ project }) => chmodSync(project.memory, 0o077),
    mend: 'command',
  },
  {
    id: 'memory-not-writable',
    level: 'problem',
    what: 'the owner of the state may not read it',
    break: ({ project }) => chmodSync(project.path('.claude/memory/circuit_breaker_state.json'), 0o000),
    mend: 'fix',
  },
  {
    id: 'memory-tracked',
    level: 'note',
    what: 'its .gitignore is gone',
    break: ({ project }) => rmSync(join(project.memory, '.gitignore')),
    mend: 'command',
  },
  ...['circuit_breaker_state', 'circuit_breaker_shared', 'circuit_breaker_sessions/s1'].map(
    (key): Broken => ({
      id: 'document-damaged',
      level: 'problem',
      what: `${key} is half a file`,
      break: ({ project }) => project.write(`.claude/memory/${key}.json`, '{ "version": 1, "circ', 0o600),
      says: new RegExp(`${key}\\.json cannot be read: it is not JSON`),
      mend: 'fix',
      left: ['note recent-errors'],
    }),
  ),
  {
    id: 'document-damaged',
    level: 'problem',
    what: 'the state of guarded hooks is a list',
    break: (bench) => inHome(bench, '.claude/hook_state.json', '[]'),
    mend: 'fix',
    left: ['note recent-errors'],
  },
  {
    id: 'incidents-damaged',
    level: 'note',
    what: 'lines of the log are torn',
    break: ({ project }) => writeFileSync(join(project.memory, 'circuit_breaker_incidents.jsonl'), '{"at":\nhello\n'),
    says: /2 lines of .* cannot be read/,
    mend: 'nothing',
  },
  {
    id: 'record-damaged',
    level: 'note',
    what: 'what install remembers is half a file',
    break: ({ project }) => project.write('.claude/memory/circuit_breaker_install_project.json', '{', 0o600),
    mend: 'fix',
  },
  {
    id: 'record-missing',
    level: 'note',
    what: 'what install remembers was deleted',
    break: ({ project }) => rmSync(project.path('.claude/memory/circuit_breaker_install_project.json')),
    command: /^breakerbox install$/,
    mend: 'fix',
  },
  {
    id: 'run-halted',
    level: 'note',
    what: 'a run was halted and nobody has answered',
    break: ({ project }) =>
      project.write(
        '.claude/memory/circuit_breaker_halt.json',
        { version: 1, at: '2026-03-04T12:00:00.000Z', subject: 'Bash(npm test)' },
        0o600,
      ),
    says: /2026-03-04T12:00:00\.000Z.*Bash\(npm test\)/,
    command: /^circuit-status --halted$/,
    mend: 'nothing',
  },
  {
    id: 'marker-stale',
    level: 'note',
    what: 'the marker is there for nothing',
    break: ({ project }) => writeFileSync(join(project.memory, 'circuit_breaker_armed'), '', { mode: 0o600 }),
    mend: 'fix',
  },
  {
    id: 'marker-missing',
    level: 'problem',
    what: 'the marker is gone while a circuit is open',
    async break(bench) {
      await loop(bench)
      rmSync(join(bench.project.memory, 'circuit_breaker_armed'))
    },
    mend: 'command',
  },
  {
    id: 'spool-waiting',
    level: 'problem',
    what: 'nobody takes the batches in',
    break({ project }) {
      const spool = join(project.memory, 'circuit_breaker_spool')
      mkdirSync(spool, { recursive: true, mode: 0o700 })
      for (let n = 1; n <= 10; n += 1) {
        const path = join(spool, `batch-1-${n}.json`)
        writeFileSync(path, JSON.stringify(postToolBatch({ project }, [[bashCall(`echo ${n}`, `toolu_${n}`), 'ok']])))
        age(path, 300)
      }
    },
    says: /10 batches wait, the oldest for 30\d s/,
    mend: 'fix',
  },
  {
    id: 'lock-dead',
    level: 'note',
    what: 'a process ended with the lock of the state',
    break({ project }) {
      const lock = join(project.memory, 'circuit_breaker_state.json.lock')
      mkdirSync(join(lock, '4194303.0123abcd'), { recursive: true })
      age(lock, 120)
    },
    says: /left of process 4194303, which is gone, for 12\d s/,
    mend: 'fix',
  },
  {
    id: 'lock-dead',
    level: 'note',
    what: 'a janitor ended with its lock',
    break({ project }) {
      const lock = join(project.memory, 'circuit_breaker_janitor.lock')
      writeFileSync(lock, JSON.stringify({ pid: 4194303, until: '2026-01-01T00:00:00.000Z' }), { mode: 0o600 })
      age(lock, 120)
    },
    mend: 'fix',
  },
  {
    id: 'lock-held',
    level: 'problem',
    what: 'a process that is there keeps a lock for minutes',
    break({ project }) {
      const lock = join(project.memory, 'circuit_breaker_state.json.lock')
      mkdirSync(join(lock, `${process.pid}.0123abcd`), { recursive: true })
      age(lock, 120)
    },
    command: new RegExp(`^ps -fp ${process.pid}$`),
    mend: 'nothing',
  },
  {
    id: 'leftover-files',
    level: 'note',
    what: 'what killed processes leave',
    break({ project }) {
      const aside = join(project.memory, 'circuit_breaker_state.json.lock.new.77.0123abcd')
      mkdirSync(aside)
      age(aside, 3600)
      const half = project.path('.claude', 'settings.json.0123abcd.breakerbox')
      writeFileSync(half, '{')
      age(half, 3600)
    },
    says: /2 files left/,
    mend: 'fix',
  },
  {
    id: 'time-in-future',
    level: 'note',
    what: 'a clock was put back',
    break: ({ project }) => age(project.path(configPath), -3600),
    says: /by up to 3(?:600|59\d) s/,
    command: /^touch /,
    mend: 'command',
  },

  // Services
  {
    id: 'fleet-without-server',
    level: 'note',
    what: 'a fleet is asked for, and no server is named',
    break: ({ project }) => project.write(configPath, { circuit_breakers: { agent_spawn: { scope: 'fleet' } } }),
    mend: 'nothing',
  },
  {
    id: 'fleet-part-missing',
    level: 'problem',
    what: 'a server is named, and the part that knows it is not there',
    break({ env }) {
      env['BREAKERBOX_REDIS_URL'] = 'redis://:hush@127.0.0.1:1'
    },
    says: /redis:\/\/127\.0\.0\.1:1 is configured, and fleet-store\.cjs is not beside the hooks/,
    mend: 'fix',
    besides: ['problem fleet-away'],
    left: ['problem fleet-away'],
  },
  {
    id: 'reports-invalid',
    level: 'problem',
    what: 'the address of the service is none',
    break({ env }) {
      env['INTELLIGENCE_SERVICE_URL'] = 'nonsense'
    },
    mend: 'nothing',
  },
  {
    id: 'tracking-unregistered',
    level: 'note',
    what: 'a service is named, and nothing reports to it',
    break({ env }) {
      env['INTELLIGENCE_SERVICE_URL'] = 'http://127.0.0.1:1'
    },
    command: /^breakerbox install --tracking$/,
    mend: 'command',
  },
  {
    id: 'alerts-part-missing',
    level: 'problem',
    what: 'a webhook is named, and the part that tells it is not there',
    break: (bench) => inHome(bench, '.claude/breakerbox.json', { alerts: { webhook: 'http://127.0.0.1:1/hush' } }),
    mend: 'fix',
  },
  {
    id: 'service-down',
    level: 'problem',
    what: 'the service was asked, and did not answer',
    install: '--tracking',
    async break(bench) {
      bench.env['INTELLIGENCE_SERVICE_URL'] = 'http://me:hush@127.0.0.1:1'
      const folder = join(bench.project.home, '.claude', 'hooks', '.cache', 'patterns', 'service')
      await healthChecker(systemOf(bench), { url: bench.env['INTELLIGENCE_SERVICE_URL'], folder }).check()
    },
    says: /patterns: http:\/\/127\.0\.0\.1:1 was down: no answer/,
    command: /^breakerbox sync$/,
    mend: 'nothing',
  },
  {
    id: 'reports-waiting',
    level: 'problem',
    what: 'what is to be reported has waited for an hour',
    install: '--tracking',
    break(bench) {
      bench.env['INTELLIGENCE_SERVICE_URL'] = 'http://127.0.0.1:1'
      const folder = join(bench.project.home, '.claude', 'hooks', '.cache', 'patterns')
      const spool = openEventSpool(systemOf(bench, -3_600_000), folder)
      const at = new Date().toISOString()
      spool.add({ id: 'one', key: 'one', at, route: 'patterns', kind: 'pattern_created', body: {} })
    },
    says: /1 event wait for delivery/,
    mend: 'nothing',
  },
  {
    id: 'project-names-service',
    level: 'note',
    what: "the project's settings name a service",
    break: (bench) =>
      changeSettings(bench, (value) => {
        value['env'] = { BREAKERBOX_REDIS_URL: 'redis://evil.example' }
      }),
    says: /sets BREAKERBOX_REDIS_URL: not taken from a project/,
    mend: replacing('BREAKERBOX_REDIS_URL', 'SOMETHING_ELSE'),
  },

  // History
  {
    id: 'recent-errors',
    level: 'note',
    what: 'a hook failed an hour ago, and one a month ago',
    break({ project }) {
      const lines = [-30 * 24, -1].map((hours) =>
        JSON.stringify({
          at: new Date(Date.now() + hours * 3_600_000).toISOString(),
          kind: 'error',
          subject: 'x',
          reason: `${-hours} h ago`,
        }),
      )
      const path = join(project.memory, 'circuit_breaker_incidents.jsonl')
      writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 })
    },
    says: /1 error of hooks[\s\S]* error x: 1 h ago/,
    mend: 'nothing',
  },
  {
    id: 'guarded-hook-down',
    level: 'problem',
    what: 'a guarded hook failed three times',
    async break(bench) {
      inHome(bench, '.claude/settings.json', {
        hooks: { Stop: [{ hooks: [{ type: 'command', command: './lint.sh --all' }] }] },
      })
      await bench.run('breakerbox guard-hooks --scope user')
      await lintFails(bench)
    },
    says: /^a guarded hook is down[\s\S]*\.\/lint\.sh --all[\s\S]*last error: exit code 3/,
    command: /^hook-health reset '\.\/lint\.sh --all'$/,
    mend: 'command',
  },
  {
    id: 'guarded-hook-down',
    level: 'problem',
    what: 'it was guarded by hand',
    async break(bench) {
      const command = 'node ~/.claude/hooks/hook-guard.cjs -- ./lint.sh --all'
      inHome(bench, '.claude/settings.json', { hooks: { Stop: [{ hooks: [{ type: 'command', command }] }] } })
      await lintFails(bench)
    },
    mend: 'command',
  },
  {
    id: 'guarded-hook-down',
    level: 'note',
    what: 'no settings here guard it',
    async break(bench) {
      inHome(bench, '.claude/settings.json', {
        hooks: { Stop: [{ hooks: [{ type: 'command', command: './lint.sh --all' }] }] },
      })
      await lintFails(bench)
    },
    says: /^a hook that no settings guard here/,
    command: /^hook-health reset '\.\/lint\.sh --all'$/,
    mend: 'command',
  },
]

// Whether hooks run is the other table's.
testBroken(cases, '--quick')
