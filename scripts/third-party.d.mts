/** An npm package whose code is in a bundle. */
export interface ThirdParty {
  readonly name: string
  readonly version: string
  /** SPDX id. */
  readonly license: string
  /** Where its `package.json` says that it comes from. */
  readonly repository: string | undefined
  /** The whole text of its licence. */
  readonly text: string
  /** What its files say of the rights of others, with the licences that these name. */
  readonly notices: readonly string[]
}

/**
 * The packages whose code came into a bundle, by name; refuses one that must not be given away without more.
 *
 * @param project the folder that the paths start from.
 * @param inputs what esbuild's metafile says of one output.
 */
export function thirdPartiesIn(
  project: string,
  inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>,
): Promise<ThirdParty[]>
