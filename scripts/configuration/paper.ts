import {
  foreignVariables,
  placeVariables,
  serviceVariables,
  type VariableWords,
} from '../../lib/config/environment-words.ts'
import { isAboutServices } from '../../lib/config/own-words.ts'
import { limitVariable } from '../../lib/memory/limits.ts'
import { serviceLimits } from '../../lib/resilience/service-settings.ts'
import type { Rule } from '../../lib/schema/rule.ts'
import type { Field, Section } from './fields.ts'

/** `docs/configuration.md`: what stands between the tables is written here, and all that is in them comes from the code. */
export function configurationPaper(project: Section, user: Section): string {
  const blocks = [
    intro,
    "## The project's config",
    '`.claude/memory/circuit_breaker_config.json`, in the project. `breakerbox install` writes it with every default; what you leave out has its default.',
    fieldTable(project.fields),
    ...patterns(sectionIn(project, 'circuit_breakers')),
    ...memory(sectionIn(project, 'memory_limits')),
    '## Your own config',
    '`~/.claude/breakerbox.json`: for all your projects. There is none until you write one. Every address stands here or in your environment, and nowhere else.',
    ...user.sections.flatMap(ownSection),
    ...environment(user),
    editors,
  ]
  return `${blocks.join('\n\n')}\n`
}

const intro = `# Configuration

Nothing has to be configured. What can be, with its default, is on this page; \`npm run generate\` makes it of the schemas that the hooks check the files with.

| where | whose | what |
|---|---|---|
| \`.claude/memory/circuit_breaker_config.json\` in a project | the project's | limits and modes: [what is stopped, and when](#the-projects-config), [how much is kept](#memory_limits) |
| \`~/.claude/breakerbox.json\` | yours | [addresses, and limits for hooks of others](#your-own-config) |
| environment variables | whoever starts Claude Code | [places, services, single limits](#environment-variables) |

A project's config may be as short as this:

\`\`\`json
{
  "mode": "observe",
  "circuit_breakers": {
    "tool_failure": { "threshold": 4 },
    "external_api": { "mode": "warn" }
  }
}
\`\`\`

- **Which one holds:** the environment before the file, the file before the default. Single hooks: an entry of \`hook_guard.hooks\`, then the guarded command's own words, then the rest of \`hook_guard\`.
- **When a change holds:** at the next event. Every hook reads the files anew, and Claude Code does not have to be restarted. A variable holds for the Claude Code that was started with it. Some things need
  \`breakerbox install\` once more, which says so: [a fleet](fleet.md#set-it-up), [tracking and alerts](tracking.md#set-it-up); and hooks that are guarded keep [their time-out](hook-guard.md#configure).
  When the project's config has changed, the next prompt tells you what.
- **A wrong value** is named, with its field and what is allowed, on the hooks' stderr and at the end of \`circuit-status\`. The default holds for that field, and the rest of the file as you wrote it. A field that does not
  exist is named too. With a file that is no JSON, is larger than 256 kB or has more than 50 wrong values, all defaults hold. A file that is there is never rewritten.
- **What a project can never say:** an address, a program to run, a regular expression. A cloned repository can make the breakers stricter or laxer, or switch them off, for itself; it cannot have anything sent
  anywhere. Where \`*\` stands for anything, nothing else is special.
- **Numbers** may have a fraction unless they are whole. Bounds are included.`

const sectionIn = ({ sections }: Section, name: string): Section => {
  const found = sections.find((section) => section.name === name)
  if (found === undefined) throw new Error(`there is no section ${name}`)
  return found
}

/** Common fields are explained once, in a table of their own: those that have the same words in several patterns. */
function patterns({ name, means, sections }: Section): string[] {
  const words = sections.flatMap(({ fields }) => fields.map((field) => field.words))
  const isCommon = ({ words: own }: Field): boolean => words.filter((each) => each === own).length > 1
  const common = new Map(
    sections.flatMap(({ fields }) => fields.filter(isCommon).map((field) => [field.words, field] as const)),
  )
  const names = [...common.values()].map((field) => field.name)
  const ordered = [...common.values()].sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name))
  const having = (field: Field): string => {
    const those = sections.filter(({ fields }) => fields.some((each) => each.words === field.words))
    return those.length === sections.length ? 'all' : those.map((section) => code(section.name)).join(', ')
  }
  return [
    `### \`${name}\``,
    `${means} What they have in common:`,
    table(
      ['field', 'in', ''],
      ordered.map((field) => [code(field.name), having(field), field.words.means]),
    ),
    ...sections.flatMap((section) => [
      `#### \`${section.name}\``,
      section.means,
      fieldTable(section.fields, (field) => (isCommon(field) ? '' : field.words.means)),
    ]),
  ]
}

function memory({ name, means, fields }: Section): string[] {
  const rows = fields.map((field) => [...factsOf(field), code(limitVariable(field.name)), field.words.means])
  return [`### \`${name}\``, means, table(['field', 'default', 'allowed', 'environment', ''], rows)]
}

function ownSection({ name, means, fields }: Section): string[] {
  const lists = fields.filter(({ entry }) => entry.length > 0)
  return [
    `### \`${name}\``,
    means,
    fieldTable(fields),
    ...lists.flatMap((list) => [
      `Each entry of \`${name}.${list.name}\`, of which all but \`${list.entry[0]?.name}\` may be left out; then that of \`${name}\` holds:`,
      table(
        ['field', 'allowed', ''],
        list.entry.map((field) => [code(field.name), allowed(field.rule, field.words.unit), field.words.means]),
      ),
    ]),
  ]
}

function environment(user: Section): string[] {
  const rows = (variables: Readonly<Record<string, VariableWords>>) =>
    Object.entries(variables).map(([name, words]) => [code(name), ...variableFacts(name, words, user), words.means])
  const isPassedOver = (name: string): string => (isAboutServices(name) ? 'yes' : 'no')
  const own = { ...placeVariables, ...serviceVariables }
  const foreign = Object.entries(foreignVariables).map(([name, { means }]) => [code(name), means])
  return [
    '## Environment variables',
    'A wrong number, switch or address is named in one line and passed over, a path that is not absolute is passed over. An empty variable counts as not set, but for the two addresses.',
    table(
      ['variable', 'default', 'allowed', ''],
      [
        ...rows(own),
        ['`BREAKERBOX_…`', '', '', 'One for each of [`memory_limits`](#memory_limits), in the table there.'],
      ],
    ),
    `Claude Code also hands on variables from \`env\` in the settings of a project that you trust. Of those, reporting and the fleet pass over ${list(
      Object.keys(own)
        .filter((name) => isPassedOver(name) === 'yes')
        .map(code),
    )}: a project says neither where anything goes nor what becomes of it on the way.`,
    'Set by others, and read:',
    table(['variable', ''], foreign),
  ]
}

const list = (words: readonly string[]): string => `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`

function variableFacts(name: string, words: VariableWords, user: Section): [usual: string, allowed: string] {
  const limit = (serviceLimits as Readonly<Record<string, (typeof serviceLimits)[keyof typeof serviceLimits]>>)[name]
  if (limit !== undefined) return [code(String(limit.usual)), allowed(limit.schema.rule, limit.unit)]
  const [section = '', field = ''] = (words.field ?? '').split('.')
  if (words.field === undefined) return [words.usual ?? '', words.allowed ?? '']
  const { rule } = sectionIn(user, section).fields.find((each) => each.name === field) ?? { rule: undefined }
  if (rule === undefined) throw new Error(`${name}: there is no field ${words.field}`)
  return [code(words.field), words.allowed ?? allowed(rule)]
}

const fieldTable = (fields: readonly Field[], last = ({ words }: Field): string => words.means): string =>
  table(
    ['field', 'default', 'allowed', ''],
    fields.map((field) => [...factsOf(field), last(field)]),
  )

const factsOf = ({ name, rule, words }: Field): string[] => [
  code(name),
  code(JSON.stringify(rule.default).replaceAll(',', ', ')),
  allowed(rule, words.unit),
]

/** What a rule allows, as short as a table wants it. Messages have `inWords`. */
function allowed(rule: Rule, unit?: string): string {
  if (rule.enum !== undefined) return rule.enum.map((value) => code(JSON.stringify(value))).join(', ')
  switch (rule.type) {
    case 'integer':
    case 'number':
      return [rule.type === 'integer' && 'whole,', between(rule.minimum, rule.maximum), unit].filter(Boolean).join(' ')
    case 'string':
      return `${between(rule.minLength, rule.maxLength)} characters`
    case 'array':
      return `${between(rule.minItems, rule.maxItems)} entries${listed(rule.items, unit)}`
    case 'boolean':
      return '`true`, `false`'
    default:
      throw new Error(`a paper has no words for ${JSON.stringify(rule)}`)
  }
}

const listed = (items: Rule | undefined, unit?: string): string =>
  items === undefined || items.type === 'object' ? '' : `, each ${allowed(items, unit)}`

const between = (least: number | undefined, most: number | undefined): string => {
  const [low, high] = [least, most].map((bound) => bound?.toLocaleString('en-US', { maximumFractionDigits: 6 }))
  return low === undefined ? `at most ${high}` : `${low} to ${high}`
}

const code = (text: string): string => `\`${text}\``

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const editors = `## An editor that knows the fields

The package has JSON Schemas of both files, made of the same source. Name one at the top of a config, and the editor completes fields, shows what they mean and marks what is wrong:

\`\`\`json
{
  "$schema": "PATH-TO/node_modules/breakerbox/config/circuit_breaker_config.schema.json",
  "halt_after_denials": 5
}
\`\`\`

\`npm root -g\` says where \`node_modules\` is; the other one is \`config/breakerbox.schema.json\`. Breakerbox itself passes over \`$schema\`, and install writes none: the place is another one on each machine.`
