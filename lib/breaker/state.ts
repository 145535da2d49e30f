/**
 * The states of a circuit. A field exists only in the state that needs it. Times are ISO 8601 UTC.
 * `forced_open` and `disabled` are set by hand and left by hand only.
 */
export type CircuitState =
  | { readonly state: 'closed' }
  | { readonly state: 'open'; readonly openedAt: string; readonly retryAt: string }
  | { readonly state: 'half_open'; readonly successes: number; readonly probe?: Probe }
  | { readonly state: 'forced_open' }
  | { readonly state: 'disabled' }

/** The one call that was let through to find out. */
export interface Probe {
  /** `tool_use_id` of the call, or the name of whoever holds the claim. */
  readonly id: string
  readonly claimedAt: string
}
