import type { Rule } from './rule.ts'

/** What a rule allows, as one reads it in a message: `a whole number, at least 2, at most 100`. */
export function inWords(rule: Rule): string {
  if (rule.enum !== undefined) return rule.enum.map((value) => JSON.stringify(value)).join(', ')
  switch (rule.type) {
    case undefined:
      return 'anything'
    case 'integer':
      return `a whole number${bounds(rule.minimum, rule.maximum)}`
    case 'number':
      return `a number${bounds(rule.minimum, rule.maximum)}`
    case 'string':
      return rule.format === undefined ? `a string${bounds(rule.minLength, rule.maxLength, ' characters')}` : 'a time'
    case 'array':
      return `an array${bounds(rule.minItems, rule.maxItems, ' entries')}`
    case 'object':
      return 'an object'
    case 'boolean':
      return 'true, false'
    default:
      return rule.type satisfies never
  }
}

const bounds = (least: number | undefined, most: number | undefined, unit = ''): string =>
  `${least === undefined ? '' : `, at least ${least}${unit}`}${most === undefined ? '' : `, at most ${most}${unit}`}`
