import type { FieldWords, SectionWords } from '../../lib/config/schema-words.ts'
import type { Rule } from '../../lib/schema/rule.ts'

/** A field of a config with its rule and its words. */
export interface Field {
  readonly name: string
  readonly rule: Rule
  readonly words: FieldWords
  /** The fields of each entry, of a list of objects. */
  readonly entry: readonly Field[]
}

/** A section of a config. */
export interface Section {
  readonly name: string
  readonly means: string
  readonly fields: readonly Field[]
  readonly sections: readonly Section[]
}

/** Puts the rules of a schema and the words on it side by side; the compiler sees to it that they fit. */
export function sectionOf(name: string, rule: Rule, { means, fields: words }: SectionWords<unknown>): Section {
  const fields: Field[] = []
  const sections: Section[] = []
  for (const [key, each] of Object.entries(words as AnyWords)) {
    const own = rule.properties?.[key]
    if (own === undefined) throw new Error(`${key} has words and no rule`)
    if ('fields' in each) sections.push(sectionOf(key, own, each))
    else fields.push(fieldOf(key, own, each))
  }
  return { name, means, fields, sections }
}

type AnyWords = Readonly<Record<string, EntryWords | SectionWords<unknown>>>
type EntryWords = FieldWords & { readonly entry?: Readonly<Record<string, EntryWords>> }

const fieldOf = (name: string, rule: Rule, words: EntryWords): Field => ({
  name,
  rule,
  words,
  entry: Object.entries(words.entry ?? {}).map(([key, each]) =>
    fieldOf(key, rule.items?.properties?.[key] ?? {}, each),
  ),
})
