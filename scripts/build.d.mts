import type { ThirdParty } from './third-party.d.mts'

/** One built executable. */
export interface Bundle {
  readonly name: string
  /** Its name in `dist/`. */
  readonly file: string
  readonly kind: 'hook' | 'part' | 'op' | 'quick op' | 'library' | 'shell'
  readonly bytes: number
  /** The npm packages whose code is in it. */
  readonly parties: readonly ThirdParty[]
}

/** Builds every executable; `outputFolder` is `dist/` by default. */
export function build(options?: { readonly outputFolder?: string }): Promise<Bundle[]>

/** Writes the plugin and its marketplace below `root`, the repository by default; gives back their paths from there. */
export function buildPlugin(options?: { readonly bundles?: string; readonly root?: string }): Promise<string[]>
