/** What of others is in a bundle: which npm packages, from where, and on which terms. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Licences that ask for their text to be kept with the code, and for nothing else. */
const allowed = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
]

/** Texts that their packages do not bring: `<package>.txt` with `+` for `/`, as their repository has it, and `<SPDX id>.txt`. */
const licences = fileURLToPath(new URL('./licences', import.meta.url))

/**
 * The packages whose code came into a bundle, by name; refuses one that must not be given away without more.
 *
 * @param {string} project the folder that the paths of the metafile start from.
 * @param {Record<string, { bytesInOutput: number }>} inputs what esbuild says of one output.
 * @returns {Promise<import('./third-party.d.mts').ThirdParty[]>}
 */
export async function thirdPartiesIn(project, inputs) {
  const byFolder = new Map()
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const folder = /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]
    if (folder !== undefined && bytesInOutput > 0) byFolder.set(folder, [...(byFolder.get(folder) ?? []), path])
  }
  const found = await Promise.all([...byFolder].map(([folder, files]) => thirdParty(project, folder, files)))
  return found.sort((a, b) => (label(a) < label(b) ? -1 : 1))
}

async function thirdParty(project, folder, files) {
  const read = (path) => readFile(join(project, path), 'utf8')
  const { name, version, license, repository } = JSON.parse(await read(join(folder, 'package.json')))
  if (!allowed.includes(license)) {
    throw new Error(`${name}@${version}: its licence is ${JSON.stringify(license)}; allowed: ${allowed.join(', ')}`)
  }
  const [own] = (await readdir(join(project, folder))).filter((file) => /^licen[cs]e(?:\.(?:md|txt))?$/i.test(file))
  const text = own === undefined ? await kept(name.replace('/', '+')) : await read(join(folder, own))
  if (text === undefined) {
    throw new Error(`${name}@${version} brings no licence text; put that of its repository into scripts/licences/`)
  }
  const contents = await Promise.all(files.sort().map(read))
  const notices = [...new Set(contents.flatMap(copyrightComments))]
  // Code of others inside a package, on terms of its own.
  if (license !== 'Apache-2.0' && notices.some((notice) => notice.includes('Apache License, Version 2.0'))) {
    notices.push(await kept('Apache-2.0'))
  }
  return { name, version, license, repository: addressOf(repository), text: plain(text), notices: notices.map(plain) }
}

const kept = (name) => readFile(join(licences, `${name}.txt`), 'utf8').catch(() => undefined)

/** Block comments of a source that name a holder of rights, without the signs of the comment. */
const copyrightComments = (source) =>
  (source.match(/\/\*[\s\S]*?\*\//g) ?? [])
    .filter((comment) => /\bcopyright\b/i.test(comment))
    .map((comment) => comment.replace(/^\/\*+!?|\*\/$/g, '').replace(/^[ \t]*\*[ \t]?/gm, ''))

const plain = (text) =>
  text
    .replaceAll('\r', '')
    .replace(/[ \t]+$/gm, '')
    .replace(/^\n+|\n+$/g, '')

/** What npm calls a repository: an object, an address, or `owner/name` on GitHub. */
function addressOf(repository) {
  const url = typeof repository === 'string' ? repository : repository?.url
  return /^[\w.-]+\/[\w.-]+$/.test(url ?? '') ? `https://github.com/${url}` : url
}

export const label = ({ name, version }) => `${name} ${version}`

/**
 * What has to stand with a copy of the packages.
 *
 * @param {(party: import('./third-party.d.mts').ThirdParty) => string | undefined} [more] a line on one of them.
 */
export function noticesText(parties, more = () => undefined) {
  return parties
    .map((party) => {
      const from = party.repository === undefined ? 'npm' : `npm, ${party.repository}`
      const head = [label(party), `Licence: ${party.license}`, `From: ${from}`, more(party)]
      return [head.filter((line) => line !== undefined).join('\n'), party.text, ...party.notices].join('\n\n')
    })
    .join(`\n\n${'-'.repeat(80)}\n\n`)
}
