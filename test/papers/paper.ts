import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/built-hook.ts'

/** The text of one of the project's papers. */
export const paper = (name: string): string => readFileSync(join(root, name), 'utf8')

/** The fenced blocks of a language, in order; an empty name for blocks without one. */
export const fenced = (text: string, language: string): string[] =>
  [...text.matchAll(/^```([a-z]*)\n([\s\S]*?)^```$/gm)].flatMap(([, name, body]) =>
    name === language ? [body ?? ''] : [],
  )

export const withoutFences = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '')

/** Code spans in running text and tables. */
export const codeSpans = (text: string): string[] =>
  [...withoutFences(text).matchAll(/`([^`\n]+)`/g)].map(([, span]) => span ?? '')

/** The text below a heading, up to the next of its rank. */
export function section(text: string, heading: string): string {
  const [, rest] = text.split(`\n## ${heading}\n`)
  if (rest === undefined) throw new Error(`there is no section "${heading}"`)
  return rest.split('\n## ')[0] ?? ''
}

/** Cells of the rows of all tables, heads and rules included. */
export const tableRows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )

/** Targets of links and pictures that are files of this project, without the part after `#`. */
export const relativeLinks = (text: string): string[] =>
  [...withoutFences(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target ?? '')
    .filter((target) => !/^[a-z]+:|^#/.test(target))
    .map((target) => target.replace(/#.*$/, ''))

/** One command of an `sh` block. */
export interface PaperCommand {
  readonly text: string
  /** What the comment behind it says; 0 where it says nothing. */
  readonly exitCode: number
}

/** The commands of a paper, in order, those joined by `&&` one by one. */
export const commandsOf = (text: string): PaperCommand[] =>
  fenced(text, 'sh')
    .flatMap((block) => block.split('\n'))
    .filter((line) => line.trim() !== '')
    .flatMap((line) => {
      const [command = '', comment = ''] = line.split(/\s+# /)
      const exitCode = Number(/exit code (\d+)/.exec(comment)?.[1] ?? 0)
      return command.split(' && ').map((part) => ({ text: part.trim(), exitCode }))
    })
