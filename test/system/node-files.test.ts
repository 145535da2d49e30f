import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { nodeFiles as files } from '../../lib/system/node-files.ts'
import { tempFolder } from '../store/temp-folder.ts'

let folder: string
beforeEach(() => {
  folder = tempFolder()
})
const at = (name: string): string => join(folder, name)
const mode = (name: string): number => fs.statSync(at(name)).mode & 0o777
const withCode = (code: string): unknown => expect.objectContaining({ code })

describe('create', () => {
  test('writes text and bytes, durably or not', () => {
    files.create(at('text'), 'ä')
    files.create(at('bytes'), new Uint8Array([0, 255]), { durable: true })
    expect(fs.readFileSync(at('text'))).toEqual(Buffer.from('ä'))
    expect([...fs.readFileSync(at('bytes'))]).toEqual([0, 255])
  })

  test('never replaces anything, and never goes through a link', () => {
    fs.writeFileSync(at('file'), 'old')
    fs.symlinkSync(at('nowhere'), at('link'))
    for (const name of ['file', 'link']) expect(() => files.create(at(name), 'new')).toThrow(withCode('EEXIST'))
    expect(() => files.create(at('missing/file'), '')).toThrow(withCode('ENOENT'))
    expect(fs.readFileSync(at('file'), 'utf8')).toBe('old')
    expect(fs.existsSync(at('nowhere'))).toBe(false)
  })
})

describe('append', () => {
  test('makes the file and adds to it', () => {
    files.append(at('log'), 'a\n')
    files.append(at('log'), 'b\n')
    expect(fs.readFileSync(at('log'), 'utf8')).toBe('a\nb\n')
  })

  test('does not follow a link', () => {
    fs.writeFileSync(at('elsewhere'), '')
    fs.symlinkSync('elsewhere', at('link'))
    expect(() => files.append(at('link'), 'x')).toThrow(withCode('ELOOP'))
    expect(fs.readFileSync(at('elsewhere'), 'utf8')).toBe('')
  })

  test('refuses a FIFO without waiting, read by somebody or not, and a folder', () => {
    execFileSync('mkfifo', [at('fifo')])
    expect(() => files.append(at('fifo'), 'x')).toThrow(withCode('ENXIO'))
    const reader = fs.openSync(at('fifo'), fs.constants.O_RDWR | fs.constants.O_NONBLOCK)
    expect(() => files.append(at('fifo'), 'x')).toThrow(withCode('ENOTFILE'))
    fs.closeSync(reader)
    expect(() => files.append(folder, 'x')).toThrow(withCode('EISDIR'))
  })
})

test('everything is made for the owner only, and usable by the owner, whatever the umask', () => {
  for (const umask of [0o000, 0o022, 0o077, 0o777]) {
    const before = process.umask(umask)
    try {
      files.create(at(`file${umask}`), 'x')
      files.append(at(`log${umask}`), 'x')
      files.makeFolder(at(`folder${umask}`))
      files.makeFolders(at(`deep${umask}/er/still`))
    } finally {
      process.umask(before)
    }
    expect([mode(`file${umask}`), mode(`log${umask}`)]).toEqual([0o600, 0o600])
    const folders = [`folder${umask}`, `deep${umask}`, `deep${umask}/er`, `deep${umask}/er/still`]
    expect(folders.map(mode)).toEqual(folders.map(() => 0o700))
  }
})

describe('reading', () => {
  test('whole files and heads', () => {
    fs.writeFileSync(at('file'), 'grüße')
    expect(files.readText(at('file'))).toBe('grüße')
    expect(files.readHead(at('file'), 2).toString()).toBe('gr')
    expect(files.readHead(at('file'), 100)).toHaveLength(7)
    expect(() => files.readText(at('missing'))).toThrow(withCode('ENOENT'))
    expect(() => files.readText(folder)).toThrow(withCode('EISDIR'))
  })

  test('a FIFO or a device is refused without waiting', () => {
    execFileSync('mkfifo', [at('fifo')])
    fs.symlinkSync('/dev/zero', at('zero'))
    for (const name of ['fifo', 'zero']) {
      expect(() => files.readText(at(name))).toThrow(withCode('ENOTFILE'))
      expect(() => files.readHead(at(name), 10)).toThrow(withCode('ENOTFILE'))
    }
  })
})

describe('facts', () => {
  test('of files, folders, links, others, and nothing', () => {
    fs.writeFileSync(at('file'), '12345')
    fs.symlinkSync('nowhere', at('link'))
    execFileSync('mkfifo', [at('fifo')])
    expect(files.facts(at('file'))).toMatchObject({ kind: 'file', size: 5 })
    expect(files.facts(folder)?.kind).toBe('folder')
    expect(files.facts(at('link'))?.kind).toBe('link')
    expect(files.facts(at('fifo'))?.kind).toBe('other')
    expect(files.facts(at('missing'))).toBeUndefined()
    expect(files.facts(at('file/below'))).toBeUndefined()
  })

  test('identity survives a rename and tells a replacement', () => {
    files.create(at('a'), '')
    const before = files.facts(at('a'))?.identity
    files.rename(at('a'), at('b'))
    expect(files.facts(at('b'))?.identity).toBe(before)
    files.create(at('a'), '')
    expect(files.facts(at('a'))?.identity).not.toBe(before)
  })

  test('touch sets the time of the path itself', () => {
    fs.writeFileSync(at('file'), '')
    const untouched = files.facts(at('file'))?.modifiedAt
    fs.symlinkSync('file', at('link'))
    files.touch(at('link'), 86_400_000)
    expect([files.facts(at('link'))?.modifiedAt, files.facts(at('file'))?.modifiedAt]).toEqual([86_400_000, untouched])
    files.touch(folder, 1_500)
    expect(files.facts(folder)?.modifiedAt).toBe(1_500)
  })
})

test('names, links, removal, modes', () => {
  files.create(at('b'), 'x')
  files.link(at('b'), at('a'))
  files.makeFolder(at('c'))
  expect(files.list(folder)).toEqual(['a', 'b', 'c'])
  expect(() => files.link(at('b'), at('a'))).toThrow(withCode('EEXIST'))
  expect(() => files.makeFolder(at('c'))).toThrow(withCode('EEXIST'))
  expect(() => files.makeFolders(at('a'))).toThrow(withCode('EEXIST'))
  files.makeFolders(at('c'))
  expect(() => files.remove(at('c'))).toThrow()
  files.create(at('c/d'), '')
  expect(() => files.removeFolder(at('c'))).toThrow(withCode('ENOTEMPTY'))
  files.remove(at('c/d'))
  files.removeFolder(at('c'))
  files.setMode(at('b'), 0o700)
  expect(mode('b')).toBe(0o700)
  fs.symlinkSync('b', at('link'))
  expect(files.realPath(at('link'))).toBe(at('b'))
})
