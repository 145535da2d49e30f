/** What `JSON.parse` can give. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A string field of an unknown value, or undefined. */
export function textField(value: unknown, field: string): string | undefined {
  if (!isRecord(value) || !Object.hasOwn(value, field)) return undefined
  const found = value[field]
  return typeof found === 'string' ? found : undefined
}
