import { build } from '../scripts/build.mjs'

/** Tests of executables run what ships: `dist/` is built from the sources as they are now. */
export default async function buildOnce(): Promise<void> {
  await build()
}
