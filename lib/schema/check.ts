import type { Rule } from './rule.ts'

/** A place where a value breaks its rule. */
export interface Problem {
  /** Field names and list positions from the outside in; empty for the value as a whole. */
  readonly path: readonly (string | number)[]
  /** What was asked there; absent where the field itself is not known. */
  readonly rule?: Rule
}

export interface Checked {
  /** The value with its defaults filled in; means nothing where there are problems. */
  readonly copy: unknown
  /** In the order of the rule's fields, unknown fields after them; empty where the value is right. */
  readonly problems: readonly Problem[]
}

/** Holds a value against a rule. Pure, never throws; takes time in proportion to the value. */
export function check(rule: Rule, value: unknown): Checked {
  const problems: Problem[] = []
  const path: (string | number)[] = []

  const defaults = new Map<object, boolean>()
  const hasDefaults = (properties: Readonly<Record<string, Rule>>): boolean => {
    let has = defaults.get(properties)
    if (has === undefined) {
      has = Object.values(properties).some((field) => field.default !== undefined)
      defaults.set(properties, has)
    }
    return has
  }

  const wrong = (broken?: Rule, ...below: string[]): void => {
    problems.push({ path: [...path, ...below], ...(broken === undefined ? {} : { rule: broken }) })
  }

  const copyOf = (rule: Rule, value: unknown): unknown => {
    if (!fits(rule, value)) return wrong(rule)
    if (Array.isArray(value)) return rule.items === undefined ? value : copyItems(rule.items, value)
    if (rule.oneOf !== undefined) return copyVariant(rule, value as Fields)
    return rule.properties === undefined ? value : copyFields(rule, rule.properties, value as Fields)
  }

  const copyAt = (key: string | number, rule: Rule, value: unknown): unknown => {
    path.push(key)
    const copied = copyOf(rule, value)
    path.pop()
    return copied
  }

  const copyItems = (rule: Rule, items: readonly unknown[]): unknown[] => items.map((item, i) => copyAt(i, rule, item))

  const copyVariant = ({ oneOf = [], discriminator }: Rule, value: Fields): unknown => {
    const field = discriminator?.propertyName ?? ''
    for (const variant of oneOf) {
      const named = variant.properties?.[field]
      if (named === undefined || fits(named, value[field])) return copyOf(variant, value)
    }
    return wrong({ enum: oneOf.flatMap(({ properties }) => properties?.[field]?.enum ?? []) }, field)
  }

  const copyFields = (rule: Rule, properties: Readonly<Record<string, Rule>>, value: Fields): Fields => {
    if (isPlain(rule, properties, value) && !hasDefaults(properties)) return { ...value }
    // A spread makes plain fields of everything, a `__proto__` from JSON included.
    const copied: Fields = rule.additionalProperties === true ? { ...value } : {}
    for (const key of Object.keys(properties)) {
      const field = properties[key] as Rule
      let found = value[key]
      if (found === undefined || !Object.hasOwn(value, key)) found = field.default
      // Nearly every value there is: nothing below it, so it is its own copy. A session's windows hold thousands.
      if (found !== undefined && typeof found !== 'object' && fits(field, found)) copied[key] = found
      else if (found !== undefined) copied[key] = copyAt(key, field, found)
      else if (rule.required?.includes(key)) wrong(field, key)
    }
    if (rule.additionalProperties === false) {
      // `$schema` names what an editor holds a document against, and is no part of it.
      for (const key of Object.keys(value))
        if (key !== '$schema' && !Object.hasOwn(properties, key)) wrong(undefined, key)
    }
    return copied
  }

  return { copy: copyOf(rule, value === undefined ? rule.default : value), problems }
}

type Fields = Record<string, unknown>

/**
 * Whether an object is right as it is and holds nothing but single values, defaults left aside: nearly every one that there is.
 * A session's windows hold hundreds, and each hook checks them all.
 */
function isPlain(rule: Rule, properties: Readonly<Record<string, Rule>>, value: Fields): boolean {
  for (const key in value) {
    const found = value[key]
    if (typeof found === 'object' || found === undefined || !Object.hasOwn(properties, key)) return false
    if (!fits(properties[key] as Rule, found)) return false
  }
  return rule.required?.every((key) => Object.hasOwn(value, key)) ?? true
}

/** Whether a value keeps a rule, its fields and items left aside. */
function fits(rule: Rule, value: unknown): boolean {
  if (rule.enum !== undefined) return (rule.enum as readonly unknown[]).includes(value)
  switch (rule.type) {
    case undefined:
      return true
    case 'integer':
      return Number.isSafeInteger(value) && isWithin(value as number, rule.minimum, rule.maximum)
    case 'number':
      return Number.isFinite(value) && isWithin(value as number, rule.minimum, rule.maximum)
    case 'string':
      return (
        typeof value === 'string' &&
        isWithin(value.length, rule.minLength, rule.maxLength) &&
        (rule.format === undefined || !Number.isNaN(Date.parse(value)))
      )
    case 'array':
      return Array.isArray(value) && isWithin(value.length, rule.minItems, rule.maxItems)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'boolean':
      return typeof value === 'boolean'
    default:
      return rule.type satisfies never
  }
}

const isWithin = (size: number, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY): boolean =>
  size >= least && size <= most
