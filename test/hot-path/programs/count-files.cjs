/**
 * Loaded before a hook (`node --require`): counts what it asks of the file system, and writes that and the modules of Node
 * that were loaded to the file that `COUNTS_TO` names when the process ends.
 */
const fs = require('node:fs')

/** @type {Record<string, number>} */
const counts = { looks: 0, lists: 0, reads: 0, writes: 0, syncs: 0, renames: 0, folders: 0, removals: 0 }
const kinds = {
  looks: ['lstatSync', 'statSync', 'existsSync', 'accessSync', 'realpathSync', 'readlinkSync'],
  lists: ['readdirSync', 'opendirSync'],
  syncs: ['fsyncSync', 'fdatasyncSync'],
  renames: ['renameSync', 'linkSync', 'copyFileSync'],
  folders: ['mkdirSync', 'mkdtempSync'],
  removals: ['unlinkSync', 'rmdirSync', 'rmSync'],
}

const write = fs.writeFileSync

function watch(name, kindOf) {
  const real = fs[name]
  const counted = (...values) => {
    // How Node itself comes to the program is none of its doings.
    const isOwn = values[0] === process.argv[1]
    // Who is above it, and how many they are, differs from machine to machine; no disk is asked.
    const kind = isOwn || String(values[0]).startsWith('/proc/') ? undefined : kindOf(values)
    if (kind !== undefined) counts[kind] += 1
    return real(...values)
  }
  fs[name] = Object.assign(counted, real)
}

for (const [kind, names] of Object.entries(kinds)) for (const name of names) watch(name, () => kind)
const forReading = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0) | (fs.constants.O_NOFOLLOW ?? 0)
watch('openSync', ([, flags = 'r']) => ((flags | forReading) === forReading || flags === 'r' ? 'reads' : 'writes'))
// Of a descriptor it was counted when it was opened.
for (const [name, kind] of Object.entries({ readFileSync: 'reads', writeFileSync: 'writes', appendFileSync: 'writes' }))
  watch(name, ([file]) => (typeof file === 'string' ? kind : undefined))

process.on('exit', () => {
  const modules = process.moduleLoadList
    .filter((name) => name.startsWith('NativeModule ') && !name.includes(' internal/'))
    .map((name) => name.slice('NativeModule '.length))
  write(process.env.COUNTS_TO, JSON.stringify({ counts, modules }))
})
