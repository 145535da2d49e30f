import type { JSONPath, Node } from 'jsonc-parser'
import {
  appendTo,
  cutFront,
  insertFront,
  JsonTextError,
  type Layout,
  layoutOf,
  members,
  plainValue,
  readTree,
  removeAt,
  respell,
  spellingAt,
} from './json-text.ts'

/** The settings text cannot be edited safely: not JSON, or a foreign shape. The message is the cause, one line. */
export class SettingsRefusal extends Error {
  override name = 'SettingsRefusal'
}

export const byteOrderMark = '\uFEFF'
const freshLayout: Layout = { lineEnd: '\n', indent: '  ', spaced: true }

/** A settings text under change: byte order mark set aside, layout known, what was created remembered. */
export class SettingsText {
  readonly created: string[] = []
  private readonly original: string | undefined
  private readonly mark: string
  private readonly layout: Layout
  private body: string

  constructor(text: string | undefined) {
    this.original = text
    this.mark = text?.startsWith(byteOrderMark) ? byteOrderMark : ''
    const body = (text ?? '').slice(this.mark.length)
    this.body = body.trim() === '' ? '{}\n' : body
    this.layout = body.trim() === '' ? freshLayout : this.refusing(() => layoutOf(this.body))
  }

  get tree(): Node {
    return readTree(this.body)
  }

  /** The new text, or the very one given where nothing was edited. */
  result(): string {
    const untouched = this.original !== undefined && this.original.trim() === '' && this.body === '{}\n'
    return untouched ? (this.original ?? '') : this.mark + this.body
  }

  /** The value at a path of object keys. */
  at(path: readonly string[]): Node | undefined {
    return path.reduce<Node | undefined>((node, key) => (node === undefined ? node : members(node, key)[0]), this.tree)
  }

  strings(path: readonly string[]): unknown[] {
    return (this.at(path)?.children ?? []).map(plainValue)
  }

  ensure(path: readonly string[], value: object): void {
    if (this.at(path) !== undefined) return
    this.created.push(path.join('.'))
    this.body = appendTo(this.body, path.slice(0, -1), { key: path.at(-1) ?? '', value }, this.layout)
  }

  append(path: readonly string[], value: unknown): void {
    this.body = appendTo(this.body, [...path], { value }, this.layout)
  }

  remove(path: JSONPath): void {
    this.body = removeAt(this.body, path)
  }

  /** Every entry of every hook event, in the order of the text; whatever has another shape than the client's is left out. */
  hookEntries(): HookEntry[] {
    return (this.at(['hooks'])?.children ?? []).flatMap((property) => {
      const [name, groups] = property.children ?? []
      const list = groups?.type === 'array' ? (groups.children ?? []) : []
      return list.flatMap((group, at) => entriesOfGroup(String(name?.value), group, at))
    })
  }

  /** The value at a path as it is spelled. */
  spelling(path: JSONPath): string {
    return spellingAt(this.body, path)
  }

  respell(path: JSONPath, spelling: string): void {
    this.body = respell(this.body, path, spelling)
  }

  insertFront(path: JSONPath, spellings: readonly string[]): void {
    this.body = insertFront(this.body, path, spellings)
  }

  cutFront(path: JSONPath, count: number): void {
    this.body = cutFront(this.body, path, count)
  }

  addMember(path: JSONPath, key: string, value: unknown): void {
    this.body = appendTo(this.body, path, { key, value }, this.layout)
  }

  checkShape(events: readonly string[], withPermissions: boolean): void {
    const root = this.refusing(() => this.tree)
    if (root.type !== 'object') throw new SettingsRefusal('it is not a JSON object')
    const hooks = this.only(root, 'hooks', 'object')
    const permissions = this.only(root, 'permissions', withPermissions ? 'object' : undefined)
    for (const property of hooks?.children ?? []) {
      this.only(hooks as Node, String(property.children?.[0]?.value), undefined, 'hooks.')
    }
    for (const event of events) {
      const groups = hooks === undefined ? undefined : this.only(hooks, event, 'array', 'hooks.')
      for (const [index, group] of (groups?.children ?? []).entries()) {
        const name = `hooks.${event}[${index}]`
        if (group.type !== 'object') throw new SettingsRefusal(`${name} is not an object`)
        this.only(group, 'hooks', 'array', `${name}.`)
      }
    }
    if (permissions?.type === 'object') {
      this.only(permissions, 'deny', withPermissions ? 'array' : undefined, 'permissions.')
    }
  }

  /** The one value under a key, of the type that the client expects there; undefined where there is none. */
  private only(object: Node, key: string, type?: 'object' | 'array', prefix = ''): Node | undefined {
    const [value, second] = members(object, key)
    if (second !== undefined) throw new SettingsRefusal(`${prefix}${key} stands there twice`)
    if (value !== undefined && type !== undefined && value.type !== type)
      throw new SettingsRefusal(`${prefix}${key} is not an ${type}`)
    return value
  }

  private refusing<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (error instanceof JsonTextError) throw new SettingsRefusal(`not valid JSON, ${error.message}`)
      throw error
    }
  }
}

/** One hook as it stands in a settings text. */
export interface HookEntry {
  readonly event: string
  readonly group: number
  readonly index: number
  /** Empty where the group has none. */
  readonly matcher: string
  /** The object of the hook. */
  readonly hook: Node
}

export const hookPath = ({ event, group, index }: HookEntry): JSONPath => ['hooks', event, group, 'hooks', index]

function entriesOfGroup(event: string, group: Node, at: number): HookEntry[] {
  if (group.type !== 'object') return []
  const matcher = stringMember(group, 'matcher') ?? ''
  const hooks = members(group, 'hooks')[0]
  const list = hooks?.type === 'array' ? (hooks.children ?? []) : []
  return list.flatMap((hook, index) => (hook.type === 'object' ? [{ event, group: at, index, matcher, hook }] : []))
}

/** A member of an object that is a string; undefined where there is none. */
export function stringMember(object: Node, key: string): string | undefined {
  const node = members(object, key)[0]
  return node?.type === 'string' ? String(node.value) : undefined
}
