import { configSchema } from './schema.ts'

/** The text of a config file that spells out every default. */
export function defaultConfigText(): string {
  return `${JSON.stringify(configSchema.parse({}), null, 2)}\n`
}
