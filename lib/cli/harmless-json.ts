/** JSON whose C1 control characters are escaped like the others, because a terminal takes them for commands too. */
export const harmlessJson = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(/[\u007f-\u009f]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`)
