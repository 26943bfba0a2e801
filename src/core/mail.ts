// Mail: the port to whoever asked to be told of events.
export type Letter = {
  readonly url: string;
  readonly id: string;
  /** Of this attempt. */
  readonly atMs: number;
  readonly body: string;
  /** Every one signs, so that a receiver may know only one of them. */
  readonly secrets: readonly string[];
};
export type Mail = {
  /**
   * Refuses addresses that are private, and schemes that are not allowed. Throws
   * `endpoint_refused`.
   */
  check(url: string): Promise<void>;
  /** Sends, and returns the status. Throws when there was no answer. */
  send(letter: Letter): Promise<number>;
};
