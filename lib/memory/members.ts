import type { ByteSource, Compression } from '../system/streams.ts'

/**
 * Archives are written as gzip members of one piece each. A gzip file may consist of any number of members (RFC 1952,
 * section 2.2), so `zcat`, `gunzip` and `zlib` read them as one; for us each is a step that an interrupted run has finished
 * or has not. The length of a member stands in an extra field of its header (section 2.3.1.1), as in the BGZF files of
 * genome archives, so that the next run finds the end of the last whole member without unpacking anything.
 */

/** Bytes of the original in one member; also what bounds the memory that packing needs. */
export const pieceBytes = 512 * 1024

const plainHeaderBytes = 10
const extraFieldBytes = 10
const headerBytes = plainHeaderBytes + extraFieldBytes
const trailerBytes = 8
const extraFlag = 4
/** The subfield's name, `Bb`, and the length of its value, 4. */
const subfield = [0x42, 0x62, 4, 0]

/** Packs `bytes` as one member that says its own length. */
export function packMember({ gzip }: Compression, bytes: Uint8Array, level: number): Uint8Array {
  const plain = gzip(bytes, level)
  const member = new Uint8Array(plain.length + extraFieldBytes)
  member.set(plain.subarray(0, plainHeaderBytes))
  member[3] = extraFlag
  member.set([extraFieldBytes - 2, 0, ...subfield], plainHeaderBytes)
  new DataView(member.buffer).setUint32(headerBytes - 4, member.length, true)
  member.set(plain.subarray(plainHeaderBytes), headerBytes)
  return member
}

export interface Member {
  /** Where it starts in the archive, and its length there, bytes. */
  readonly position: number
  readonly length: number
  /** Where its content starts in the original, and its length there, bytes. */
  readonly originalPosition: number
  readonly originalLength: number
}

/** The whole members from the start of an archive; ends at the first thing that is not one of ours. */
export function wholeMembers(archive: ByteSource): Member[] {
  const { size } = archive.facts()
  const header = new Uint8Array(headerBytes)
  const view = new DataView(header.buffer)
  const members: Member[] = []
  let position = 0
  let originalPosition = 0
  while (position + headerBytes + trailerBytes <= size) {
    archive.read(header, position)
    const ours = view.getUint32(0, true) === 0x04_08_8b_1f && subfield.every((byte, at) => header[12 + at] === byte)
    const length = view.getUint32(headerBytes - 4, true)
    if (!ours || length < headerBytes + trailerBytes || position + length > size) break
    archive.read(header.subarray(0, 4), position + length - 4)
    const originalLength = view.getUint32(0, true)
    members.push({ position, length, originalPosition, originalLength })
    position += length
    originalPosition += originalLength
  }
  return members
}

/** The content of one member; throws where it is damaged. */
export function unpackMember({ gunzip }: Compression, archive: ByteSource, member: Member): Uint8Array {
  const packed = new Uint8Array(member.length)
  archive.read(packed, member.position)
  return gunzip(packed, member.originalLength)
}
