/** Items by what they have in common, in the order in which it first comes. */
export function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const all = new Map<string, Item[]>()
  for (const item of items) {
    const known = all.get(keyOf(item))
    if (known === undefined) all.set(keyOf(item), [item])
    else known.push(item)
  }
  return all
}
