/** Import boundaries: imports go down the layers, the pure rooms know no system, and only `lib/system` touches it. */
const pure = ['engine', 'patterns', 'calls', 'windows', 'breaker', 'schema']
const layers = [
  ['cli'],
  ['session', 'replay', 'guard', 'memory', 'status', 'install', 'resilience', 'doctor'],
  ['engine', 'store', 'protocol', 'config', 'incidents'],
  ['patterns'],
  ['calls', 'windows', 'breaker', 'schema'],
]
const folder = (names) => `^lib/(${names.join('|')})/`
/** `lib/system` is below everything but the pure rooms. */
const upward = layers.slice(1).map((layer, i) => ({
  name: `no-import-upward-from-${layer[0]}`,
  severity: 'error',
  from: { path: folder(layer) },
  // The contract of the stores is nothing but types, which a breaker that lives in one has to know.
  to: { path: `${folder(layers.slice(0, i + 1).flat())}|^(hooks|ops)/`, pathNot: '^lib/store/store\\.ts$' },
}))

module.exports = {
  forbidden: [
    ...upward,
    {
      name: 'pure-rooms-know-no-system',
      comment: 'The engine and what it stands on must be able to move into a sandbox without Node.',
      severity: 'error',
      from: { path: folder(pure) },
      to: { path: '^lib/(system|store|session|protocol|incidents)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'pure-rooms-import-no-node',
      severity: 'error',
      from: { path: `${folder(pure)}|^lib/memory/plan\\.ts$` },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'] },
    },
    {
      name: 'only-system-touches-the-system',
      severity: 'error',
      from: { path: '^(lib|hooks|ops)/', pathNot: '^lib/system/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(path|url|crypto)$' },
    },
    {
      name: 'system-stands-alone',
      severity: 'error',
      from: { path: '^lib/system/' },
      to: { path: '^(lib/(?!system/)|hooks/|ops/)' },
    },
    {
      name: 'hooks-stay-lean',
      comment: 'What a hook imports, every tool call pays for.',
      severity: 'error',
      from: {
        path: '^lib/(session|engine|patterns|calls|windows|breaker|store|protocol|incidents|config|schema|system)/',
        pathNot: '^lib/store/redis-connection\\.ts$',
      },
      to: { dependencyTypes: ['npm', 'npm-dev'] },
    },
    {
      name: 'redis-only-where-configured',
      comment:
        'What has a package of others in it is a bundle of its own, or entered by `import()`: no hook loads it unasked.',
      severity: 'error',
      from: { path: '^(lib|hooks|ops)/', pathNot: '^lib/session/fleet\\.ts$' },
      to: {
        path: '^lib/(store/redis-connection|session/fleet)\\.ts$',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'words-are-for-papers',
      comment: 'Papers are made of them by `npm run generate`; nothing that ships carries them.',
      severity: 'error',
      from: { path: '^(lib|hooks|ops|parts)/' },
      to: { path: '^lib/config/(schema|environment)-words\\.ts$' },
    },
    {
      name: 'executables-are-doorways',
      comment: 'An executable is one handler and one runner; it imports nothing from another executable.',
      severity: 'error',
      from: { path: '^(hooks|ops)/' },
      to: { path: '^(hooks|ops)/' },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node'] },
  },
}
