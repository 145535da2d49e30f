import { wordSet } from './word-set.ts'

/**
 * The simple commands of a shell line, each as its leading words: split at `;`, `&`, `|`, line ends and the openings of
 * subshells, quotes honoured, leading assignments and wrappers such as `sudo` left out. A reading for statistics, no shell:
 * what hides behind `eval`, variables or here-documents is not seen.
 */
export function simpleCommands(line: string): string[][] {
  const commands: string[][] = []
  let words: string[] = []
  let word = ''
  let quoted: '"' | "'" | undefined
  let begun = false
  const endWord = () => {
    if (begun) words.push(word)
    word = ''
    begun = false
  }
  const endCommand = () => {
    endWord()
    const kept = withoutWrappers(words)
    if (kept.length > 0) commands.push(kept)
    words = []
  }
  const text = line.slice(0, 16_384)
  for (let i = 0; i < text.length; i += 1) {
    const sign = text[i] as string
    if (quoted !== undefined) {
      if (sign === quoted) quoted = undefined
      else if (sign === '\\' && quoted === '"') {
        i += 1
        word += text[i] ?? ''
      } else word += sign
    } else if (sign === '"' || sign === "'") {
      quoted = sign
      begun = true
    } else if (sign === '\\') {
      i += 1
      const next = text[i] ?? ''
      if (next !== '\n') {
        word += next
        begun = true
      }
    } else if (sign === '>' && text[i + 1] === '&') {
      // `2>&1` is a redirection, its `&` ends no command
      word += '>&'
      begun = true
      i += 1
    } else if (sign === '&' && text[i + 1] === '>') {
      endWord()
      word = '&'
      begun = true
    } else if (';&|\n()`'.includes(sign)) endCommand()
    else if (sign === ' ' || sign === '\t') endWord()
    else {
      word += sign
      begun = true
    }
  }
  endCommand()
  return commands
}

const wrappers = wordSet('sudo command exec time nohup env then do else { ! if while')

function withoutWrappers(words: readonly string[]): string[] {
  let first = 0
  while (first < words.length) {
    const word = words[first] as string
    if (/^[A-Za-z_]\w*=/.test(word) || wrappers.has(word)) first += 1
    else if (word === 'timeout' && first + 1 < words.length) first += 2
    else break
  }
  return words.slice(first)
}
