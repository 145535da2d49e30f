/** The word behind `pattern-tracker` that keeps contents back: names and hashes are reported. */
export const namesWord = '--no-content'
