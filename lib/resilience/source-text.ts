/** What a file's name and a piece of its text say about it. */

const byEnding: Readonly<Record<string, string>> = {
  ...{ ts: 'typescript', tsx: 'typescript', mts: 'typescript', cts: 'typescript' },
  ...{ js: 'javascript', jsx: 'javascript', mjs: 'javascript', cjs: 'javascript' },
  ...{ py: 'python', pyi: 'python', rb: 'ruby', php: 'php', pl: 'perl', lua: 'lua', r: 'r', jl: 'julia' },
  ...{
    go: 'go',
    rs: 'rust',
    zig: 'zig',
    c: 'c',
    h: 'c',
    cc: 'cpp',
    cpp: 'cpp',
    cxx: 'cpp',
    hpp: 'cpp',
    m: 'objective-c',
  },
  ...{
    java: 'java',
    kt: 'kotlin',
    kts: 'kotlin',
    scala: 'scala',
    groovy: 'groovy',
    clj: 'clojure',
    cs: 'csharp',
    fs: 'fsharp',
  },
  ...{ swift: 'swift', dart: 'dart', ex: 'elixir', exs: 'elixir', erl: 'erlang', hs: 'haskell', ml: 'ocaml' },
  ...{ sh: 'shell', bash: 'shell', zsh: 'shell', ps1: 'powershell', sql: 'sql', proto: 'protobuf', graphql: 'graphql' },
  ...{ vue: 'vue', svelte: 'svelte', html: 'html', htm: 'html', css: 'css', scss: 'scss', less: 'less' },
  ...{ json: 'json', jsonc: 'json', yaml: 'yaml', yml: 'yaml', toml: 'toml', xml: 'xml', tf: 'terraform' },
  ...{ md: 'markdown', mdx: 'markdown', rst: 'restructuredtext', txt: 'text' },
}
const byName: Readonly<Record<string, string>> = { dockerfile: 'dockerfile', makefile: 'makefile', gemfile: 'ruby' }

/** The language of a file by its name; `unknown` where the name does not say. */
export function languageOf(file: string): string {
  const name = file.slice(file.lastIndexOf('/') + 1).toLowerCase()
  const ending = name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : ''
  const table = Object.hasOwn(byName, name) ? byName : byEnding
  const key = table === byName ? name : ending
  return Object.hasOwn(table, key) ? (table[key] as string) : 'unknown'
}

/** Languages whose texts declare nothing by a word that is looked for here. */
const withoutSymbols = new Set(
  'unknown html css scss less json yaml toml xml markdown restructuredtext text dockerfile makefile sql shell'.split(
    ' ',
  ),
)
/** How much of a text is looked at, characters. */
const mostText = 4096

/** `class A`, `func (r *R) B`, `pub fn c`, `def d`, `const e = (…) =>`: the first on a line of its own. */
const declaration =
  /^[ \t]*(?:(?:export|default|public|private|protected|internal|static|abstract|async|final|sealed|pub(?:\([a-z]{1,9}\))?|declare|readonly|override|open|data|unsafe|suspend)[ \t]+)*(?:(?:function\*?|class|interface|enum|struct|trait|type|def|defp|defmodule|fn|fun|module|namespace|record|protocol|extension)[ \t]+|func[ \t]+(?:\([^)\n]{0,80}\)[ \t]*)?)([A-Za-z_$][\w$]{0,99})/m
const arrow =
  /^[ \t]*(?:export[ \t]+)?(?:const|let|var)[ \t]+([A-Za-z_$][\w$]{0,99})[^=\n]{0,200}=[ \t]*(?:async[ \t]*)?(?:function\b|\(|[A-Za-z_$][\w$]{0,99}[ \t]*=>)/m

/** The first thing that one of these texts declares, the earlier text first; undefined where none does. */
export function symbolIn(language: string, ...texts: readonly (string | undefined)[]): string | undefined {
  if (withoutSymbols.has(language)) return undefined
  for (const text of texts) {
    const head = text?.slice(0, mostText) ?? ''
    const found = [declaration.exec(head), arrow.exec(head)]
      .filter((match) => match !== null)
      .sort((a, b) => a.index - b.index)[0]
    if (found?.[1] !== undefined) return found[1]
  }
  return undefined
}
