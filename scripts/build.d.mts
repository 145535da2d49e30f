/** One built executable. */
export interface Bundle {
  readonly name: string
  /** Its name in `dist/`. */
  readonly file: string
  readonly kind: 'hook' | 'part' | 'op' | 'library' | 'shell'
  readonly bytes: number
}

/** Builds every executable; `outputFolder` is `dist/` by default. */
export function build(options?: { readonly outputFolder?: string }): Promise<Bundle[]>
