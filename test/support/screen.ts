import { columnsOf } from '../../lib/status/text-columns.ts'

/** A terminal's screen, as far as the client uses one: text, moves of the cursor and erasing. Colours are left out. */
export class Screen {
  readonly #columns: number
  readonly #rows: string[][]
  #row = 0
  #column = 0
  #rest = ''

  constructor(columns: number, rows: number) {
    this.#columns = columns
    this.#rows = Array.from({ length: rows }, () => [])
  }

  /** Takes in what a program writes; a sequence may come in pieces. */
  write(text: string): void {
    const all = this.#rest + text
    const sequence =
      /\u001b(?:\[([0-9;?<>=]*)[ -/]*([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[()][A-Z0-9]|[^[\]()])/y
    let at = 0
    while (at < all.length) {
      sequence.lastIndex = at
      const found = sequence.exec(all)
      if (found !== null) {
        this.#obey(found[2] ?? '', found[1] ?? '')
        at = sequence.lastIndex
      } else if (all[at] === '\u001b' || (at === all.length - 1 && /[\ud800-\udbff]/.test(all[at] ?? ''))) {
        break
      } else {
        const character = String.fromCodePoint(all.codePointAt(at) ?? 0)
        this.#put(character)
        at += character.length
      }
    }
    this.#rest = all.slice(at)
  }

  /** What stands on it, row by row, without blanks at the ends. */
  lines(): string[] {
    return this.#rows.map((row) =>
      Array.from(row, (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    )
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0
    else if (character === '\b') this.#column = Math.max(0, this.#column - 1)
    else if (character === '\n') this.#down()
    else if (character >= ' ' && columnsOf(character) > 0) {
      if (this.#column >= this.#columns) {
        this.#column = 0
        this.#down()
      }
      const row = this.#rows[this.#row] ?? []
      row[this.#column] = character
      // The second half of a wide one.
      if (columnsOf(character) === 2) row[this.#column + 1] = ''
      this.#column += columnsOf(character)
    }
  }

  #down(): void {
    if (this.#row < this.#rows.length - 1) this.#row += 1
    else {
      this.#rows.shift()
      this.#rows.push([])
    }
  }

  #obey(command: string, parameters: string): void {
    const [first, second] = parameters.split(';').map((each) => (/^\d+$/.test(each) ? Number(each) : undefined))
    const count = Math.max(1, first ?? 1)
    if (command === 'A') this.#row = Math.max(0, this.#row - count)
    if (command === 'B') this.#row = Math.min(this.#rows.length - 1, this.#row + count)
    if (command === 'C') this.#column = Math.min(this.#columns - 1, this.#column + count)
    if (command === 'D') this.#column = Math.max(0, this.#column - count)
    if (command === 'G') this.#column = count - 1
    if (command === 'd') this.#row = Math.min(this.#rows.length, count) - 1
    if (command === 'H' || command === 'f') {
      this.#row = Math.min(this.#rows.length, count) - 1
      this.#column = Math.max(1, second ?? 1) - 1
    }
    if (command === 'K') this.#eraseLine(first ?? 0)
    if (command === 'J') {
      this.#eraseLine(first ?? 0)
      for (const [index, row] of this.#rows.entries()) {
        if ((first ?? 0) >= 2 || ((first ?? 0) === 0 ? index > this.#row : index < this.#row)) row.length = 0
      }
    }
  }

  /** 0: from the cursor on, 1: up to the cursor, 2: all of it. */
  #eraseLine(part: number): void {
    const row = this.#rows[this.#row] ?? []
    if (part === 0) row.length = Math.min(row.length, this.#column)
    else if (part === 1) for (let at = 0; at <= this.#column; at += 1) row[at] = ' '
    else row.length = 0
  }
}
