/**
 * What is asked of a value, in the keywords of JSON Schema (2020-12) that this project uses, so that a rule can be given to
 * an editor or a document as it is. Of a rule only the keywords that fit the value's type apply.
 */
export interface Rule {
  /** `number` is a finite one, `integer` one that a double holds exactly. */
  readonly type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean'
  /** One of these, compared by identity. */
  readonly enum?: readonly (string | number | boolean)[]
  readonly minimum?: number | undefined
  readonly maximum?: number | undefined
  /** UTF-16 units. */
  readonly minLength?: number | undefined
  readonly maxLength?: number | undefined
  /** A time that `Date.parse` understands. */
  readonly format?: 'date-time'
  readonly items?: Rule
  readonly minItems?: number | undefined
  readonly maxItems?: number | undefined
  readonly properties?: Readonly<Record<string, Rule>>
  readonly required?: readonly string[]
  /** Fields without a rule: absent, they are left out of the checked value; `true`, they pass; `false`, they are wrong. */
  readonly additionalProperties?: boolean
  /** Objects of several kinds; the one whose `discriminator` field fits is the one that is meant. */
  readonly oneOf?: readonly Rule[]
  readonly discriminator?: { readonly propertyName: string }
  /** Stands in for an absent value, and has to keep the rule itself: `{}` is an object made of the defaults of its fields. */
  readonly default?: unknown
}
