/**
 * Which ends of a turn say that the model's API is in trouble, by the client's own names (`error` of `StopFailure`): it was
 * asked too often, it is overloaded, or it broke. A wrong key, a bill or a request that it cannot take say nothing of the kind.
 */
const troubles: ReadonlySet<string> = new Set(['rate_limit', 'overloaded', 'server_error'])

export const isApiTrouble = (error: string): boolean => troubles.has(error)

/** Why the circuit opened, with the numbers. */
export const apiTrouble = (failures: number, error: string): string => `failed ${failures} turns in a row (${error})`
