// Event sender: the port that sends events to platforms.
/** One event as an HTTP request. */
export type EventRequest = {
  readonly url: string;
  readonly id: string;
  /** The time of this attempt. Milliseconds since 1970. */
  readonly atMs: number;
  readonly body: string;
  /** Each secret signs, so that a receiver needs to know only one of them. */
  readonly secrets: readonly string[];
};
export type EventSender = {
  /** Throws `endpoint_refused` for a private address or a scheme that is not allowed. */
  check(url: string): Promise<void>;
  /** Sends the request and returns the HTTP status. Throws when there was no answer. */
  send(request: EventRequest): Promise<number>;
};
