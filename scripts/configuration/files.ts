import { configSchema } from '../../lib/config/schema.ts'
import { configWords, userConfigWords } from '../../lib/config/schema-words.ts'
import { userConfigSchema } from '../../lib/config/user-schema.ts'
import { sectionOf } from './fields.ts'
import { jsonSchemaText } from './json-schema.ts'
import { configurationPaper } from './paper.ts'

/** What is made of the schemas of the configs: texts by their paths in the project. */
export function configurationFiles(): Readonly<Record<string, string>> {
  const project = sectionOf('', configSchema.rule, configWords)
  const user = sectionOf('', userConfigSchema.rule, userConfigWords)
  return {
    'docs/configuration.md': configurationPaper(project, user),
    'config/circuit_breaker_config.schema.json': jsonSchemaText(
      'Breakerbox in a project: circuit_breaker_config.json',
      configSchema.rule,
      project,
    ),
    'config/breakerbox.schema.json': jsonSchemaText(
      'Breakerbox, your own: ~/.claude/breakerbox.json',
      userConfigSchema.rule,
      user,
    ),
  }
}
