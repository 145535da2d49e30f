import { join } from 'node:path'
import { quoted } from '../guard/guard-command.ts'
import { ignoreStep } from '../install/install.ts'
import { perform } from '../install/steps.ts'
import { counted } from '../status/quantities.ts'
import type { FileFacts } from '../system/system.ts'
import { fine, note, problem, type Told } from './finding.ts'
import { type Check, type Look, ownCommand } from './look.ts'

/** Whether the memory folder can be used, by its owner alone. */
export const memoryFolder: Check = {
  id: 'memory',
  group: 'Memory',
  examine(look) {
    const { system, machine, project } = look
    const { memory, sessions, spool } = project.paths
    const facts = system.files.facts(memory)
    if (facts === undefined) return [fine('memory', `${memory} is not there yet: the first hook makes it`)]
    const isClosed = machine.platform !== 'win32' && (facts.mode & 0o700) !== 0o700
    // Nothing in it can be looked at then.
    if (facts.kind === 'folder' && isClosed) return rights(look, facts)
    const inTheWay = [memory, sessions, spool].flatMap((path) => wrongKind(look, path))
    if (facts.kind !== 'folder') return inTheWay
    const odd = [...inTheWay, ...strangers(look), ...rights(look, facts), ...untracked(look)]
    return odd.length > 0 ? odd : [fine('memory', `${memory} is yours alone`)]
  },
}

function wrongKind({ system, ...look }: Look, path: string): Told[] {
  const kind = system.files.facts(path)?.kind
  if (kind === undefined || kind === 'folder') return []
  const title = `${path} is ${kind === 'link' ? 'a link, and hooks follow none' : 'no folder'}: every hook lets every call run`
  const detail =
    kind === 'link'
      ? ['A memory folder elsewhere is named by BREAKERBOX_MEMORY_DIR in the environment of Claude Code.']
      : []
  const command = `mv ${quoted(path)} ${quoted(`${path}.away`)} && ${ownCommand({ system, ...look }, 'install')}`
  return [problem('memory-not-a-folder', title, { detail, command })]
}

/** What is there of another user. */
function strangers({ machine, project, system }: Look): Told[] {
  const { memory } = project.paths
  const { userId } = machine
  if (userId === undefined) return []
  const foreign = ['', ...system.files.list(memory)].filter(
    (name) => (machine.ownerOf(join(memory, name)) ?? userId) !== userId,
  )
  if (foreign.length === 0) return []
  const isWhole = foreign[0] === ''
  const title = isWhole
    ? `${memory} belongs to user ${machine.ownerOf(memory)}`
    : `${counted(foreign.length, 'file')} of ${memory} belong to another user`
  const asRoot = userId === 0 ? '' : 'sudo '
  return [
    problem('memory-not-ours', title, {
      detail: ['Hooks run as you, and what they cannot write they let pass.', ...(isWhole ? [] : foreign)].slice(0, 10),
      command: `${asRoot}chown -R ${userId} ${quoted(memory)}`,
    }),
  ]
}

const octal = (mode: number): string => mode.toString(8).padStart(3, '0')

/** The folder is made for its owner alone, and so is every file of ours in it. */
function rights({ system, machine, project }: Look, { mode }: FileFacts): Told[] {
  const { files } = system
  const { memory } = project.paths
  if (machine.platform === 'win32') return []
  const told: Told[] = []
  const setMode = (path: string, wanted: number) => ({
    key: `mode ${path}`,
    does: `set the mode of ${path} to ${octal(wanted)}`,
    act: () => files.setMode(path, wanted),
  })
  const mended = { command: `chmod 700 ${quoted(memory)}`, mend: setMode(memory, 0o700) }
  if ((mode & 0o700) !== 0o700) {
    const title = `${memory} has mode ${octal(mode)}: its owner may not use it, and hooks let every call run`
    return [problem('memory-not-writable', title, mended)]
  }
  if ((mode & 0o077) !== 0) {
    told.push(problem('memory-open', `${memory} has mode ${octal(mode)}: others can look into it`, mended))
  }
  for (const name of files.list(memory).filter((each) => each.startsWith('circuit_breaker_'))) {
    const path = join(memory, name)
    const facts = files.facts(path)
    if (facts === undefined || (facts.kind !== 'file' && facts.kind !== 'folder')) continue
    const wanted = facts.kind === 'folder' ? 0o700 : 0o600
    const mend = { command: `chmod ${octal(wanted)} ${quoted(path)}`, mend: setMode(path, wanted) }
    if ((facts.mode & wanted) !== wanted) {
      told.push(problem('memory-not-writable', `${path} has mode ${octal(facts.mode)}: its owner may not use it`, mend))
    } else if ((facts.mode & 0o022) !== 0) {
      told.push(problem('memory-open', `${path} has mode ${octal(facts.mode)}: others can change it`, mend))
    }
  }
  return told
}

/** Without it the state of one machine ends up in everybody's repository. */
function untracked(look: Look): Told[] {
  const { system, project } = look
  const { memory } = project.paths
  if (system.files.facts(join(memory, '.gitignore')) !== undefined) return []
  return [
    note('memory-tracked', `${memory} has no .gitignore: its files may end up in a commit`, {
      command: ownCommand(look, 'doctor --fix'),
      mend: {
        key: 'gitignore',
        does: `put a .gitignore into ${memory}`,
        act: () => void perform(system, ignoreStep(system.files, memory)),
      },
    }),
  ]
}
