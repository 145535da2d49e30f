import type { Rule } from '../../lib/schema/rule.ts'
import type { Field, Section } from './fields.ts'

/** A config's schema for editors: the rules as they are, with the words on them. JSON Schema of the draft that editors know best. */
export function jsonSchemaText(title: string, rule: Rule, section: Section): string {
  const { properties, ...rest } = describedSection(rule, section)
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title,
    ...rest,
    // What an editor finds this file by.
    properties: { $schema: { type: 'string' }, ...properties },
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}

function describedSection(rule: Rule, { means, fields, sections }: Section): Rule & { readonly description: string } {
  const inner = new Map<string, Rule>([
    ...fields.map((field) => [field.name, describedField(rule.properties?.[field.name] ?? {}, field)] as const),
    ...sections.map(
      (section) => [section.name, describedSection(rule.properties?.[section.name] ?? {}, section)] as const,
    ),
  ])
  const properties = Object.keys(rule.properties ?? {}).map((name) => [name, inner.get(name)])
  return { description: plainText(means), ...rule, properties: Object.fromEntries(properties) }
}

function describedField(rule: Rule, { words, entry }: Field): Rule {
  const unit = words.unit === undefined ? '' : ` (${words.unit})`
  const items = rule.items && {
    items: {
      ...rule.items,
      ...(entry.length === 0
        ? {}
        : {
            properties: Object.fromEntries(entry.map((each) => [each.name, describedField(each.rule, each)])),
          }),
    },
  }
  return { description: plainText(words.means) + unit, ...rule, ...items } as Rule
}

/** Without the links of the paper. */
const plainText = (markdown: string): string => markdown.replace(/ ?\(?\[[^\]]*\]\([^)]*\)\)?/g, '')
