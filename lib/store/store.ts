/**
 * The contract of every store (file, memory, later Redis): named JSON documents, read without a lock and changed in one
 * way only. All stores pass `test/store/contract.ts`.
 */

/** A kind of document: where it lives, how it is validated, and what it is when there is none yet. */
export interface DocumentKind<T> {
  /** Path inside the store's root without the ending `.json`, such as `circuit_breaker_state`. */
  readonly key: string
  /**
   * Current format; `parse` is only asked about documents of this version, `migrate` brings older ones up to it. Absent: the
   * document carries no number, because others read it too and its shape is fixed.
   */
  readonly version?: number
  /** The document of a fresh start. */
  empty(): T
  /** Validates an unknown JSON value; throws an Error that names the field. */
  parse(value: unknown): T
  /** Turns a document of an older version into one of `version`. Absent: there is no older version. */
  migrate?(value: unknown, fromVersion: number): unknown
}

/** A damaged or foreign document that was set aside. Told once: later reads find the replacement. */
export interface Damage {
  readonly key: string
  /** Why it could not be used, one line. */
  readonly cause: string
  /** Where the old bytes are now; absent where even moving them failed. */
  readonly setAsideAs?: string
}

export type UpdateResult<T> =
  | { readonly kind: 'written' | 'unchanged'; readonly document: T; readonly damage?: Damage }
  /** The lock was not to be had inside the budget; nothing was changed. */
  | { readonly kind: 'busy'; readonly waitedMilliseconds: number }

export interface Store {
  /**
   * The document as last written, or the empty one. Takes no lock, never sees a torn file, never changes anything: a
   * damaged document reads as the empty one with `damage` told and is set aside only by the next update.
   */
  read<T>(kind: DocumentKind<T>): Promise<{ readonly document: T; readonly damage?: Damage }>
  /**
   * The one way to change a document: take its lock, read, validate, apply `change`, write, release. `change` may be called
   * more than once (it must be free of effects) and returns the very same object when there is nothing to write. An update
   * that reports `written` is never lost to another writer, also not to one that was suspended in the middle of its own.
   * `change` is told the store's own time, milliseconds since 1970, which all who share the store agree on.
   * `change` may itself await an update of another document; to stay free of deadlock, `circuit_breaker_state` is always
   * the outer one.
   *
   * @throws the system's error when the disk refuses (ENOSPC, EACCES, …); the old document is then still there.
   */
  update<T>(kind: DocumentKind<T>, change: (document: T, at: number) => T | Promise<T>): Promise<UpdateResult<T>>
  /** Deletes a document; no error where there is none. */
  remove(kind: DocumentKind<unknown>): Promise<void>
}
