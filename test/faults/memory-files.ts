import { posix } from 'node:path'
import type { Files } from '../../lib/system/system.ts'

interface Node {
  /** Names in a folder, bytes of a file. */
  readonly children?: Map<string, Node>
  content: Buffer
  modifiedAt: number
  mode: number
  readonly serial: number
}

/** `Files` in memory, with the errors of a POSIX system; no links. A hundred thousand inputs go through it in a minute. */
export function memoryFiles(clock: () => number): Files {
  let serial = 0
  const node = (children?: Map<string, Node>, content: Buffer = Buffer.alloc(0)): Node => ({
    ...(children === undefined ? {} : { children }),
    content,
    modifiedAt: clock(),
    mode: children === undefined ? 0o600 : 0o700,
    serial: ++serial,
  })
  const top = node(new Map())
  const fail = (code: string, path: string): never => {
    throw Object.assign(new Error(`${code}: made in memory, open '${path}'`), { code })
  }
  const find = (path: string): Node | undefined => {
    let at: Node | undefined = top
    for (const part of path.split('/')) {
      if (part === '') continue
      if (at?.children === undefined) return undefined
      at = at.children.get(part)
    }
    return at
  }
  const existing = (path: string): Node => find(path) ?? fail('ENOENT', path)
  const file = (path: string): Node => {
    const found = existing(path)
    return found.children === undefined ? found : fail('EISDIR', path)
  }
  const folder = (path: string): Map<string, Node> => existing(path).children ?? fail('ENOTDIR', path)
  const parentOf = (path: string): Map<string, Node> => folder(posix.dirname(path))
  const name = (path: string): string => posix.basename(path)
  const free = (path: string): Map<string, Node> => {
    const parent = parentOf(path)
    return parent.has(name(path)) ? fail('EEXIST', path) : parent
  }
  const bytes = (content: string | Uint8Array): Buffer => Buffer.from(content as string)

  return {
    readText: (path) => file(path).content.toString('utf8'),
    readHead: (path, count) => file(path).content.subarray(0, count),
    readTail: (path, count) => file(path).content.subarray(-count),
    create: (path, content) => void free(path).set(name(path), node(undefined, bytes(content))),
    append(path, content) {
      const parent = parentOf(path)
      if (!parent.has(name(path))) parent.set(name(path), node())
      const found = file(path)
      found.content = Buffer.concat([found.content, bytes(content)])
    },
    rename(from, to) {
      const moved = existing(from)
      const parent = parentOf(to)
      const there = parent.get(name(to))
      if (moved.children !== undefined && there !== undefined) {
        if (there.children === undefined) fail('ENOTDIR', to)
        if ((there.children?.size ?? 0) > 0) fail('ENOTEMPTY', to)
      } else if (there?.children !== undefined) fail('EISDIR', to)
      parentOf(from).delete(name(from))
      parent.set(name(to), moved)
    },
    link: (from, to) => void free(to).set(name(to), file(from)),
    remove(path) {
      file(path)
      parentOf(path).delete(name(path))
    },
    makeFolder: (path) => void free(path).set(name(path), node(new Map())),
    makeFolders(path) {
      let at = ''
      for (const part of path.split('/').filter((each) => each !== '')) {
        at += `/${part}`
        if (find(at) === undefined) parentOf(at).set(part, node(new Map()))
      }
      folder(path)
    },
    removeFolder(path) {
      if (folder(path).size > 0) fail('ENOTEMPTY', path)
      parentOf(path).delete(name(path))
    },
    list: (path) => [...folder(path).keys()].sort(),
    facts(path) {
      const found = find(path)
      if (found === undefined) return undefined
      const { children, content, modifiedAt, mode, serial: id } = found
      return {
        kind: children === undefined ? 'file' : 'folder',
        size: content.length,
        modifiedAt,
        mode,
        identity: `${id}`,
      }
    },
    realPath: (path) => path,
    touch: (path, at) => {
      existing(path).modifiedAt = at
    },
    setMode: (path, mode) => {
      existing(path).mode = mode
    },
  }
}
