/**
 * Does each work once a round, so that whatever else the machine does hits all of them alike, and in another order each
 * time, so that none always comes after the same other one: two rounds run forwards and backwards through one shuffle. One
 * round before the first is thrown away.
 *
 * @returns what each work gave back, by name, one value a round.
 */
export async function inTurn<Name extends string, Value>(
  rounds: number,
  works: Readonly<Record<Name, (round: number) => Value | Promise<Value>>>,
): Promise<Record<Name, Value[]>> {
  const names = Object.keys(works) as Name[]
  const values = Object.fromEntries(names.map((name) => [name, [] as Value[]])) as Record<Name, Value[]>
  let order = names
  for (let round = -1; round < rounds; round += 1) {
    order = round % 2 === 0 ? shuffled(names) : [...order].reverse()
    for (const name of order) {
      const value = await works[name](round)
      if (round >= 0) values[name].push(value)
    }
  }
  return values
}

function shuffled<Name>(names: readonly Name[]): Name[] {
  const places = names.map((name) => ({ name, place: Math.random() }))
  return places.sort((a, b) => a.place - b.place).map(({ name }) => name)
}
