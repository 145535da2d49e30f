/** A phrase as a sentence, or as another beginning with a capital. */
export const sentence = (phrase: string, end = '.'): string =>
  `${phrase.slice(0, 1).toUpperCase()}${phrase.slice(1)}${end}`
