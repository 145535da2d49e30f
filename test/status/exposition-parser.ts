/** A strict reader of Prometheus' text format 0.0.4: whatever the format does not promise is an error, with its line. */

export interface Family {
  readonly type: string
  readonly help: string
  readonly samples: readonly Sample[]
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*/
const number = /^(?:NaN|[+-]?Inf|[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)$/

export function parseExposition(text: string): Map<string, Family> {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end')
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>()
  const seen = new Set<string>()
  let open = ''
  text
    .split('\n')
    .slice(0, -1)
    .forEach((line, index) => {
      const fail: (why: string) => never = (why) => {
        throw new Error(`line ${index + 1}: ${why}: ${line}`)
      }
      const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
      if (word === 'HELP') {
        if (metricName.exec(name)?.[0] !== name) fail('no name of a metric')
        if (families.has(name)) fail('told of twice')
        if (/(?<!\\)(?:\\\\)*\\(?![\\n])/.test(rest)) fail('an unknown escape')
        families.set(name, {
          type: '',
          help: rest.replace(/\\(.)/g, (_, sign) => (sign === 'n' ? '\n' : sign)),
          samples: [],
        })
        open = name
        return
      }
      if (word === 'TYPE') {
        const family = families.get(name)
        if (family === undefined || name !== open || family.type !== '') fail('a type without its help')
        if (!['counter', 'gauge', 'histogram', 'summary', 'untyped'].includes(rest)) fail('an unknown type')
        family.type = rest
        return
      }
      if (line.startsWith('#') || line.trim() === '') fail('neither help, nor type, nor sample')
      const sampled = metricName.exec(line)?.[0] ?? ''
      const family = families.get(sampled)
      if (sampled !== open || family === undefined || family.type === '') fail('a sample apart from its family')
      const { labels, end } = labelsOf(line, sampled.length, fail)
      if (line[end] !== ' ') fail('no space before the value')
      const value = line.slice(end + 1)
      if (!number.test(value)) fail('no number, or more than one')
      const series = `${sampled} ${JSON.stringify(Object.entries(labels).sort())}`
      if (seen.has(series)) fail('the same series twice')
      seen.add(series)
      family.samples.push({ labels, value: Number(value.replace('Inf', 'Infinity')) })
    })
  for (const [name, { samples }] of families) if (samples.length === 0) throw new Error(`${name} has no samples`)
  return families
}

function labelsOf(
  line: string,
  start: number,
  fail: (why: string) => never,
): { labels: Record<string, string>; end: number } {
  const labels: Record<string, string> = {}
  if (line[start] !== '{') return { labels, end: start }
  let at = start + 1
  for (;;) {
    const name = labelName.exec(line.slice(at))?.[0] ?? fail('no name of a label')
    if (Object.hasOwn(labels, name)) fail('the same label twice')
    at += name.length
    if (line.slice(at, at + 2) !== '="') fail('no quoted value')
    at += 2
    let value = ''
    for (; line[at] !== '"'; at += 1) {
      if (at >= line.length) fail('a value without an end')
      if (line[at] !== '\\') {
        value += line[at]
        continue
      }
      at += 1
      const sign = line[at] ?? ''
      if (!['\\', '"', 'n'].includes(sign)) fail('an unknown escape')
      value += sign === 'n' ? '\n' : sign
    }
    labels[name] = value
    at += 1
    if (line[at] === '}') return { labels, end: at + 1 }
    if (line[at] !== ',') fail('no comma')
    at += 1
  }
}
