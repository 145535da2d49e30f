import type { System } from './system.ts'

/** What a part exports that only some installs have; undefined where it is not there. */
export function partIfThere<Part>(system: Pick<System, 'loadPart'>, name: string): Part | undefined {
  try {
    return system.loadPart(name) as Part
  } catch {
    return undefined
  }
}
