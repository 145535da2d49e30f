/**
 * A 64-bit hash of text as sixteen hexadecimal digits: two 32-bit lanes over the UTF-16 units, each finished with the
 * avalanche step of MurmurHash3 (`fmix32`, Austin Appleby, public domain). It tells equal from different; it hides
 * nothing and stands against no attacker, who could only make two of their own calls look alike.
 */
export function hash(text: string): string {
  let a = 0x9e3779b9
  let b = 0x85ebca6b ^ text.length
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b ^ (unit + (b >>> 15)), 0x27d4eb2f)
  }
  return hex(finish(a ^ (b >>> 7))) + hex(finish(b ^ a))
}

function finish(lane: number): number {
  let h = lane ^ (lane >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Eight digits: a one is put in front of the thirty-two bits, so that leading zeros stay, and taken off again. */
const hex = (lane: number): string => (lane + 0x100000000).toString(16).slice(1)
