/** The words of a line as a set: the shortest form of the lists that every hook carries. */
export const wordSet = /* @__NO_SIDE_EFFECTS__ */ (line: string): ReadonlySet<string> => new Set(line.split(' '))
