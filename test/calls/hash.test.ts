import { describe, expect, it } from 'vitest'
import { hash } from '../../lib/calls/hash.ts'

/** A small generator of repeatable numbers (xorshift32). */
function numbers(seed: number): () => number {
  let x = seed
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x >>> 0
  }
}

describe('the hash', () => {
  it('is sixteen hexadecimal digits, also of nothing', () => {
    for (const text of ['', 'a', '😀', 'x'.repeat(100_000)]) expect(hash(text)).toMatch(/^[0-9a-f]{16}$/)
  })

  // saved windows of an earlier version are compared with new ones
  it.each([
    ['', 'e1938cafdb6e264e'],
    ['npm test', 'bf328238ba695dcb'],
    ['😀 ü', '68387efa3d67dad2'],
  ])('of %j stays the same from version to version', (text, value) => expect(hash(text)).toBe(value))

  it('has no collision among 200,000 random texts', () => {
    const next = numbers(0x2545f491)
    const seen = new Map<string, string>()
    for (let i = 0; i < 200_000; i += 1) {
      const text = Array.from({ length: 1 + (next() % 12) }, () => String.fromCharCode(32 + (next() % 95))).join('')
      const value = hash(text)
      expect(seen.get(value) ?? text).toBe(text)
      seen.set(value, text)
    }
  })

  it('has none among texts that differ in one place', () => {
    const seen = new Set<string>()
    for (let i = 0; i < 100_000; i += 1) seen.add(hash(`Bash {"command":"npm test ${i}"}`))
    for (let i = 0; i < 20_000; i += 1) seen.add(hash('x'.repeat(i)))
    for (let i = 0; i < 60_000; i += 1) seen.add(hash(`${String.fromCharCode(i)}-`))
    expect(seen.size).toBe(180_000)
  })

  it('changes about half of its bits with one character', () => {
    let changed = 0
    for (let i = 0; i < 500; i += 1) {
      const a = BigInt(`0x${hash(`text ${i} a`)}`)
      const b = BigInt(`0x${hash(`text ${i} b`)}`)
      changed += (a ^ b).toString(2).replaceAll('0', '').length
    }
    expect(changed / 500).toBeGreaterThan(26)
    expect(changed / 500).toBeLessThan(38)
  })
})
