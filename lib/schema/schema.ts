import { check, type Problem } from './check.ts'
import type { Rule } from './rule.ts'

/**
 * The one source of a document's type (`TypeOf`), defaults, check and JSON Schema (`rule`). What it is written in are the
 * functions below: `object({ id: text(), count: integer(0) }, { note: text() })`.
 */
export class Schema<T> {
  readonly rule: Rule

  constructor(rule: Rule) {
    this.rule = rule
  }

  /** A copy of the value with its defaults filled in, or every place where it is wrong. */
  check(value: unknown): Verdict<T> {
    const { copy, problems } = check(this.rule, value)
    return problems.length === 0 ? { ok: true, value: copy as T } : { ok: false, problems }
  }

  /**
   * A copy of the value with its defaults filled in.
   *
   * @throws Error that names the first wrong field in one line.
   */
  readonly parse = (value: unknown): T => {
    const verdict = this.check(value)
    if (verdict.ok) return verdict.value
    throw new Error(`field ${verdict.problems[0]?.path.join('.') || '(whole document)'} has a wrong value`)
  }
}

export type Verdict<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** What a schema describes, defaults filled in. */
export type TypeOf<S> = S extends Schema<infer T> ? T : never

/** Schemas by field name. */
export type Fields = Readonly<Record<string, Schema<unknown>>>
type Flat<T> = { [Key in keyof T]: T[Key] }
type ObjectOf<Must extends Fields, May extends Fields> = Flat<
  { -readonly [Key in keyof Must]: TypeOf<Must[Key]> } & { -readonly [Key in keyof May]?: TypeOf<May[Key]> }
>

/** Anything that JSON can say. */
export const anything = () => new Schema<unknown>({})
export const flag = () => new Schema<boolean>({ type: 'boolean' })
/** Lengths in UTF-16 units. */
export const text = (minLength?: number, maxLength?: number) =>
  new Schema<string>({ type: 'string', minLength, maxLength })
/** A time that `Date.parse` understands. */
export const time = () => new Schema<string>({ type: 'string', format: 'date-time' })
/** A whole number that a double holds exactly; the bounds are included. */
export const integer = (minimum?: number, maximum?: number) => new Schema<number>({ type: 'integer', minimum, maximum })
/** A finite number; the bounds are included. */
export const number = (minimum?: number, maximum?: number) => new Schema<number>({ type: 'number', minimum, maximum })
/** One of these values. */
export const oneOf = <const Values extends readonly (string | number | boolean)[]>(...values: Values) =>
  new Schema<Values[number]>({ enum: values })

export const list = <T>({ rule }: Schema<T>, minItems?: number, maxItems?: number) =>
  new Schema<T[]>({ type: 'array', items: rule, minItems, maxItems })

/**
 * An object; fields that are not named are left out of the copy.
 *
 * @param must fields that have to be there, unless they have a default.
 * @param may fields that can be missing.
 */
export const object = <Must extends Fields, May extends Fields = Record<never, never>>(must: Must, may?: May) => {
  // in the order they are named; what stands in both has to be there
  const rules = Object.entries({ ...must, ...may, ...must }).map(([name, { rule }]) => [name, rule] as const)
  return new Schema<ObjectOf<Must, May>>({
    type: 'object',
    properties: Object.fromEntries(rules),
    required: Object.keys(must).filter((name) => must[name]?.rule.default === undefined),
  })
}

/** The same object with fields that are not named passed on (`true`) or called wrong (`false`). */
export const others = <T extends object>(additionalProperties: boolean, { rule }: Schema<T>) =>
  new Schema<T>({ ...rule, additionalProperties })

/** One of several kinds of object, told apart by the field that names the kind. */
export const variants = <S extends readonly Schema<object>[]>(propertyName: string, ...kinds: S) =>
  new Schema<TypeOf<S[number]>>({
    type: 'object',
    oneOf: kinds.map(({ rule }) => rule),
    discriminator: { propertyName },
  })

/** The value that holds where there is none; has to keep the schema itself. */
export const withDefault = <T>({ rule }: Schema<T>, value: T) => new Schema<T>({ ...rule, default: value })
