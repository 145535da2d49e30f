/** The lines of the demo that the picture shows. */
export function pictured(output: string): { readonly text: string; readonly boxed: boolean }[]

/** The picture of a refusal as SVG text, from what the demo printed. */
export function picture(output: string): string
