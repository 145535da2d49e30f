import { isAbsolute, relative } from 'node:path'
import { Chalk, type ChalkInstance } from 'chalk'
import type { Change } from '../install/install.ts'
import { lineDiff } from '../install/line-diff.ts'
import { type Step, type StepWord, stepWord } from '../install/steps.ts'
import type { Report } from './install-run.ts'

export function installReport(colour: boolean): Report {
  const paint = new Chalk({ level: colour ? 1 : 0 })
  return (change, done) => {
    const { place, notes, isInactive = false } = change
    const where = `${place.root} (${place.scope} scope)`
    if (done === undefined) return [...dryRun(change, paint), ...marked(notes, paint)]
    if (done.length === 0) {
      const already = isInactive ? 'already, but is not active; nothing changed:' : 'already; nothing changed.'
      return [`Breakerbox is installed in ${where} ${already}`, ...marked(notes, paint)]
    }
    const mending = isInactive ? 'mend that, then restart' : 'restart'
    return [
      ...done.map((step) => stepLine(step, place.root, paint)),
      `Breakerbox is installed in ${where}${isInactive ? ', but is not active:' : '.'}`,
      ...marked(notes, paint),
      place.scope === 'user'
        ? `Next: ${mending} Claude Code, or open /hooks, to load them.`
        : `Next: ${mending} Claude Code in this folder, or open /hooks, to load them.`,
    ]
  }
}

export function uninstallReport(colour: boolean, purge: boolean): Report {
  const paint = new Chalk({ level: colour ? 1 : 0 })
  return (change, done) => {
    const { place, notes } = change
    const where = `${place.root} (${place.scope} scope)`
    if (done === undefined) return [...dryRun(change, paint), ...marked(notes, paint)]
    if (done.length === 0) {
      return [
        `Breakerbox is not installed in ${where}; nothing changed.`,
        ...marked(notes, paint),
        'Elsewhere? Say --project or --scope; the plugin leaves by: claude plugin uninstall breakerbox@breakerbox',
      ]
    }
    return [
      ...done.map((step) => stepLine(step, place.root, paint)),
      `Breakerbox is taken out of ${where}.`,
      ...marked(notes, paint),
      ...(purge || place.project === undefined
        ? []
        : [`Config and state stay in ${place.project.memory}; --purge removes them.`]),
    ]
  }
}

function dryRun(change: Change, paint: ChalkInstance): string[] {
  const { place, steps } = change
  return [
    `A dry run; nothing is changed. For ${place.root} (${place.scope} scope):`,
    ...steps.map((step) => stepLine(step, place.root, paint, true)),
    ...diffLines(change, paint),
  ]
}

/** What changes in the settings, line by line; nothing where nothing does. */
export function diffLines({ place, settings: { before, after, path } }: Change, paint: ChalkInstance): string[] {
  const diff = lineDiff(before, after)
  return [
    ...(diff.length === 0 ? [] : ['', `Changes in ${relative(place.root, path)}:`]),
    ...diff.map((line) => (line.startsWith('+') ? paint.green(line) : line.startsWith('-') ? paint.red(line) : line)),
  ]
}

export function stepLine(step: Step, root: string, paint: ChalkInstance, planned = false): string {
  const colours: Record<StepWord, (text: string) => string> = {
    create: paint.green,
    change: paint.yellow,
    keep: paint.dim,
    remove: paint.red,
  }
  const word = stepWord(step)
  const detail = planned && step.kind === 'removeEmptyFolder' ? ' (if it is empty)' : ''
  const below = relative(root, step.path)
  const path = below.startsWith('..') || isAbsolute(below) ? step.path : below
  return `${colours[word](word)} ${path}${detail}`
}

export function marked(notes: readonly string[], paint: ChalkInstance): string[] {
  return notes.map((note) => `${paint.yellow('Note:')} ${note}`)
}
