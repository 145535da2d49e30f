import { isRecord } from '../calls/json.ts'

/** A field of a config whose value is not the default. */
export interface ChangedLimit {
  /** Dotted. */
  readonly field: string
  readonly value: unknown
  readonly standard: unknown
}

/** Where two configs of one schema differ, in the order of the schema. */
export function changedLimits(config: unknown, standard: unknown, field = ''): ChangedLimit[] {
  if (isRecord(config) && isRecord(standard)) {
    return Object.keys(standard).flatMap((name) =>
      changedLimits(config[name], standard[name], field === '' ? name : `${field}.${name}`),
    )
  }
  return JSON.stringify(config) === JSON.stringify(standard) ? [] : [{ field, value: config, standard }]
}
