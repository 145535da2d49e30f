/**
 * Prometheus' text exposition format, version 0.0.4: families of samples, without time stamps of their own.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */

/** One metric: what it is, and its samples. */
export interface Family {
  /** Letters, digits and `_`; a counter's ends in `_total`. */
  readonly name: string
  readonly type: 'gauge' | 'counter'
  /** One sentence or two, with what the value can and cannot say. */
  readonly help: string
  readonly samples: readonly Sample[]
}

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

/** The text, each family once, those without samples left out. @param common labels that every sample gets first. */
export function expositionText(families: readonly Family[], common: Readonly<Record<string, string>>): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, type, help, samples }) =>
      [
        `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}`,
        `# TYPE ${name} ${type}`,
        ...samples.map(({ labels, value }) => `${name}${labelText({ ...common, ...labels })} ${valueText(value)}`),
      ]
        .map((line) => `${line}\n`)
        .join(''),
    )
    .join('')
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

/** What the format asks to be escaped in a label's value. */
const escaped = (value: string): string => value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')

const valueText = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
