import { type ChildProcess, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { errorCode } from './known-error.ts'
import type { Machine, Ran, RunOptions, Scratch } from './machine.ts'
import { signalGroup } from './signal-group.ts'

const mostOutput = 64 * 1024
/** A program that has ended may have left one in the background that keeps its streams open, milliseconds. */
const mostTrailingMs = 500

/** The real thing. */
export const nodeMachine: Machine = {
  nodeVersion: process.versions.node,
  nodePath: process.execPath,
  platform: process.platform,
  userId: process.getuid?.(),

  ownerOf(path) {
    // Windows has 0 for everybody.
    if (process.getuid === undefined) return undefined
    return fs.lstatSync(path, { throwIfNoEntry: false })?.uid
  },

  isRunning(pid) {
    try {
      process.kill(pid, 0)
      return true
    } catch (error) {
      return errorCode(error) === 'EPERM'
    }
  },

  volumeOf(path) {
    try {
      const { bavail, bsize, ffree, files, type } = fs.statfsSync(path)
      return { freeBytes: bavail * bsize, freeFiles: files > 0 ? ffree : undefined, type }
    } catch {
      return undefined
    }
  },

  run: runToItsEnd,

  scratch(): Scratch {
    const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'breakerbox-doctor-')))
    return {
      folder,
      link(target, path) {
        fs.mkdirSync(dirname(path), { recursive: true })
        // A junction is what Windows lets everybody make.
        fs.symlinkSync(target, path, 'junction')
      },
      remove: () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 }),
    }
  },
}

function runToItsEnd(program: string, words: readonly string[], options: RunOptions): Promise<Ran> {
  const { folder, env, input = '', timeoutMs } = options
  return new Promise((resolve) => {
    const said = { stdout: '', stderr: '' }
    let timedOut = false
    let isOver = false
    let child: ChildProcess
    const finish = (code: number | undefined): void => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      child?.stdout?.destroy()
      child?.stderr?.destroy()
      resolve({ ...(code === undefined || timedOut ? {} : { code }), ...said, timedOut })
    }
    const timer = setTimeout(() => {
      timedOut = true
      signalGroup(child, 'SIGKILL')
    }, timeoutMs)
    try {
      // A group of its own, so that what it started ends with it.
      child = spawn(program, words, { cwd: folder, env: { ...env }, detached: true, stdio: 'pipe' })
    } catch (error) {
      said.stderr = String(error)
      return finish(undefined)
    }
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]?.setEncoding('utf8').on('data', (text: string) => {
        said[stream] = (said[stream] + text).slice(0, mostOutput)
      })
    }
    // It may end before it has read anything.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
    child.once('error', (error) => {
      said.stderr ||= error.message
      finish(undefined)
    })
    child.once('exit', (code) => setTimeout(() => finish(code ?? undefined), mostTrailingMs).unref())
    child.once('close', (code) => finish(code ?? undefined))
  })
}
