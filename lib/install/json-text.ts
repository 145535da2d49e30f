import {
  findNodeAtLocation,
  getNodeValue,
  type JSONPath,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser'

/**
 * Edits in a person's JSON text. jsonc-parser reads; the edits are made here, because its own `modify` reformats the lines
 * around an edit, and because `removeAt` has to be the exact inverse of `appendTo`: everything that was not inserted keeps
 * its bytes, comments and odd spacing included. Pure.
 */

/** How a text is written; what is inserted follows it. */
export interface Layout {
  readonly lineEnd: string
  /** One step of indentation. */
  readonly indent: string
  /** Whether inline texts put spaces after `:` and `,`. */
  readonly spaced: boolean
}

export class JsonTextError extends Error {
  override name = 'JsonTextError'
}

const readOptions = { allowTrailingComma: true, disallowComments: false }

/** The tree of a JSON text; comments and trailing commas are accepted. Throws JsonTextError with line, column and cause. */
export function readTree(text: string): Node {
  const errors: ParseError[] = []
  const tree = parse(text, errors)
  const [error] = errors
  if (error !== undefined) throw new JsonTextError(`${position(text, error.offset)}: ${words(error)}`)
  if (tree === undefined) throw new JsonTextError('it is empty')
  return tree
}

function parse(text: string, errors: ParseError[]): Node | undefined {
  try {
    return parseTree(text, errors, readOptions)
  } catch (error) {
    if (error instanceof RangeError) throw new JsonTextError('it is nested too deeply')
    throw error
  }
}

function position(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n')
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`
}

/** `CommaExpected` becomes `comma expected`. */
function words({ error }: ParseError): string {
  return printParseErrorCode(error)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
}

/** Whether a text has comments or trailing commas, which strict readers of JSON refuse. */
export function isStrictJson(text: string): boolean {
  const errors: ParseError[] = []
  parseTree(text, errors, { allowTrailingComma: false, disallowComments: true })
  return errors.length === 0
}

/** The values that an object holds under a key; more than one where the key stands there twice. */
export function members(object: Node, key: string): Node[] {
  return (object.children ?? []).flatMap((property) => {
    const [name, value] = property.children ?? []
    return name?.value === key && value !== undefined ? [value] : []
  })
}

/** The value of a node as plain data. */
export function plainValue(node: Node): unknown {
  return getNodeValue(node)
}

export function layoutOf(text: string): Layout {
  const tree = readTree(text)
  const first = tree.children?.[0]
  const lineEnd = /\r?\n/.exec(text)?.[0] ?? '\n'
  const colon = first?.type === 'property' ? first.colonOffset : undefined
  const spaced = colon === undefined || /\s/.test(text[colon + 1] ?? '')
  const indent = first !== undefined && isMultiLine(text, tree) ? indentAt(text, first.offset) : ''
  return { lineEnd, indent: indent === '' ? '  ' : indent, spaced }
}

/** White space at the beginning of the line that holds `offset`. */
function indentAt(text: string, offset: number): string {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1
  return /^[ \t]*/.exec(text.slice(lineStart, offset))?.[0] ?? ''
}

/** Whether the children of a container stand on lines of their own. An empty one does as its parent does. */
function isMultiLine(text: string, container: Node): boolean {
  const end = container.children?.[0]?.offset ?? container.offset + container.length
  if (text.slice(container.offset, end).includes('\n')) return true
  if ((container.children ?? []).length > 0) return false
  const parent = container.parent?.type === 'property' ? container.parent.parent : container.parent
  return parent === undefined || isMultiLine(text, parent)
}

/** Something to put at the end of an object (`key` given) or an array. */
export interface Item {
  readonly key?: string
  readonly value: unknown
}

/** Appends one item to the object or array at `path`, which must be there. */
export function appendTo(text: string, path: JSONPath, item: Item, layout: Layout): string {
  const container = nodeAt(text, path)
  return isMultiLine(text, container)
    ? appendLines(text, container, item, layout)
    : appendInline(text, container, item, layout)
}

function appendLines(text: string, container: Node, item: Item, layout: Layout): string {
  const last = container.children?.at(-1)
  const first = container.children?.[0]
  const outer = indentAt(text, container.offset)
  const indent = first === undefined ? outer + layout.indent : indentAt(text, first.offset)
  const line = layout.lineEnd + indent + renderLines(item, indent, layout)
  if (last !== undefined) return appendAfter(text, last, line)
  const close = container.offset + container.length - 1
  const inner = text.slice(container.offset + 1, close).trimEnd()
  return text.slice(0, container.offset + 1) + inner + line + layout.lineEnd + outer + text.slice(close)
}

function appendInline(text: string, container: Node, item: Item, layout: Layout): string {
  const rendered = renderInline(item, layout)
  const last = container.children?.at(-1)
  if (last === undefined) {
    const close = container.offset + container.length - 1
    const inner = text.slice(container.offset + 1, close)
    return text.slice(0, container.offset + 1) + (inner.trim() === '' ? '' : inner) + rendered + text.slice(close)
  }
  const { end, lineComment } = endOfLineOf(text, last.offset + last.length)
  // Behind a line comment the item would be part of the comment.
  if (lineComment) return appendAfter(text, last, layout.lineEnd + indentAt(text, end) + rendered)
  return appendAfter(text, last, (layout.spaced ? ' ' : '') + rendered)
}

/** Puts `body` behind the last child and the comments on its line, and sees to the comma in between. */
function appendAfter(text: string, last: Node, body: string): string {
  const lastEnd = last.offset + last.length
  const comma = commaAfter(text, lastEnd)
  const { end } = endOfLineOf(text, comma === undefined ? lastEnd : comma + 1)
  if (comma !== undefined) return `${text.slice(0, end)}${body},${text.slice(end)}`
  return `${text.slice(0, lastEnd)},${text.slice(lastEnd, end)}${body}${text.slice(end)}`
}

/** Where the comments that follow on the same line end. */
function endOfLineOf(text: string, from: number): { readonly end: number; readonly lineComment: boolean } {
  let end = from
  for (;;) {
    const next = /^[ \t]*(\/\/[^\r\n]*|\/\*[\s\S]*?\*\/)/.exec(text.slice(end))
    if (next === null) return { end, lineComment: false }
    end += next[0].length
    if (next[1]?.startsWith('//')) return { end, lineComment: true }
  }
}

/** The offset of the comma that follows, white space and comments skipped. */
function commaAfter(text: string, from: number): number | undefined {
  const blank = /^(?:\s|\/\/[^\r\n]*|\/\*[\s\S]*?\*\/)*/.exec(text.slice(from))?.[0].length ?? 0
  return text[from + blank] === ',' ? from + blank : undefined
}

function renderLines({ key, value }: Item, indent: string, layout: Layout): string {
  const body = JSON.stringify(value, null, layout.indent).replaceAll('\n', layout.lineEnd + indent)
  return key === undefined ? body : `${JSON.stringify(key)}: ${body}`
}

function renderInline({ key, value }: Item, { spaced }: Layout): string {
  const body = spaced ? JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ') : JSON.stringify(value)
  return key === undefined ? body : `${JSON.stringify(key)}:${spaced ? ' ' : ''}${body}`
}

/** Takes out the property or the array element at `path`, which must be there, with its comma and its line. */
export function removeAt(text: string, path: JSONPath): string {
  const value = nodeAt(text, path)
  const child = value.parent?.type === 'property' ? value.parent : value
  const container = child.parent
  if (container === undefined) throw new JsonTextError('the whole text cannot be taken out')
  const left = (container.children?.length ?? 0) - 1
  const whole = removeChild(text, container, child, true)
  // The line end in front is needed where a line comment stands before it and no other line end follows.
  return childrenAt(whole, path.slice(0, -1)) === left ? whole : removeChild(text, container, child, false)
}

function childrenAt(text: string, path: JSONPath): number | undefined {
  const errors: ParseError[] = []
  const tree = parse(text, errors)
  if (tree === undefined || errors.length > 0) return undefined
  return findNodeAtLocation(tree, path)?.children?.length ?? 0
}

function removeChild(text: string, container: Node, child: Node, withLineEnd: boolean): string {
  const siblings = container.children ?? []
  const index = siblings.indexOf(child)
  const previous = siblings[index - 1]
  const end = child.offset + child.length
  const comma = commaAfter(text, end)
  const open = container.offset + 1
  const close = container.offset + container.length - 1
  if (siblings.length === 1) {
    const around = text.slice(open, child.offset) + text.slice(end, close).replace(',', '')
    if (around.trim() === '') return text.slice(0, open) + text.slice(close)
  }
  const spaces = /[ \t]*$/.exec(text.slice(0, child.offset))?.[0].length ?? 0
  const lineStart = child.offset - spaces
  const lineEnd = /\r?\n$/.exec(text.slice(0, lineStart))?.[0].length ?? 0
  const cuts: [number, number][] = []
  if (previous === undefined && lineEnd === 0 && comma !== undefined) {
    // First on a shared line: the space that goes is the one behind the comma.
    const after = /^[ \t]*/.exec(text.slice(comma + 1))?.[0].length ?? 0
    cuts.push([child.offset, end], [comma, comma + 1 + after])
  } else {
    cuts.push([withLineEnd ? lineStart - lineEnd : child.offset, end])
    if (comma !== undefined) cuts.push([comma, comma + 1])
  }
  const commaBefore = previous === undefined ? undefined : commaAfter(text, previous.offset + previous.length)
  if (comma === undefined && commaBefore !== undefined) cuts.unshift([commaBefore, commaBefore + 1])
  return cuts.reduceRight((rest, [from, to]) => rest.slice(0, from) + rest.slice(to), text)
}

/** The value at `path`, which must be there, as it is spelled. */
export function spellingAt(text: string, path: JSONPath): string {
  const { offset, length } = nodeAt(text, path)
  return text.slice(offset, offset + length)
}

/** Puts another spelling in place of the value at `path`, which must be there. */
export function respell(text: string, path: JSONPath, spelling: string): string {
  const { offset, length } = nodeAt(text, path)
  return text.slice(0, offset) + spelling + text.slice(offset + length)
}

/** Puts items in front of those of the array at `path`; `cutFront` takes so many out again and gives back the same bytes. */
export function insertFront(text: string, path: JSONPath, spellings: readonly string[]): string {
  const { offset, children = [] } = nodeAt(text, path)
  const items = spellings.join(', ') + (children.length === 0 ? '' : ',')
  return text.slice(0, offset + 1) + items + text.slice(offset + 1)
}

/** Takes the first `count` items out of the array at `path`, with the comma behind them. */
export function cutFront(text: string, path: JSONPath, count: number): string {
  const { offset, children = [] } = nodeAt(text, path)
  const last = children[count - 1]
  if (last === undefined) throw new JsonTextError(`there are no ${count} items at ${path.join('.')}`)
  const end = last.offset + last.length
  const comma = commaAfter(text, end)
  return text.slice(0, offset + 1) + text.slice(comma === undefined ? end : comma + 1)
}

function nodeAt(text: string, path: JSONPath): Node {
  const node = findNodeAtLocation(readTree(text), path)
  if (node === undefined) throw new JsonTextError(`there is nothing at ${path.join('.')}`)
  return node
}
