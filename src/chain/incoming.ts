// Incoming: the bytes of an answer, handed on as they come. Bytes that come before the reader asks
// for them wait in memory, and the connection is not read further while several pieces wait.

/** A connection that an answer comes over. */
export type Arriving = {
  pause(): void;
  resume(): void;
  /** Ends the connection, and with it the answer. */
  abort(reason: Error): void;
};

/** Above this many waiting pieces, of up to 64 KiB each, the connection is not read further. */
const WAITING_MOST = 4;

/** The bytes of one answer. They are read once, in order. */
export class Incoming implements AsyncIterable<Uint8Array> {
  readonly #from: Arriving;
  readonly #waiting: Uint8Array[] = [];
  #paused = false;
  /** How the answer ended; null as long as more bytes may come. */
  #end: { readonly thrown?: unknown } | null = null;
  #wake = (): void => {};

  constructor(from: Arriving) {
    this.#from = from;
  }
  /** Takes a piece that came. */
  take(piece: Uint8Array): void {
    this.#waiting.push(piece);
    if (this.#waiting.length > WAITING_MOST && !this.#paused) {
      this.#paused = true;
      this.#from.pause();
    }
    this.#wake();
  }
  /** Takes the end: `thrown` is the error that ended the answer before it was whole. */
  end(how: { readonly thrown?: unknown } = {}): void {
    this.#end = how;
    this.#wake();
  }
  /** Gives the pieces. A reader that stops before the end ends the connection. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    try {
      for (;;) {
        const piece = this.#waiting.shift();
        if (piece !== undefined) {
          yield piece;
          continue;
        }
        if (this.#end !== null) {
          if ('thrown' in this.#end) throw this.#end.thrown;
          return;
        }
        if (this.#paused) {
          this.#paused = false;
          this.#from.resume();
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      if (this.#end === null) this.#from.abort(new Error('the answer is not read to its end'));
    }
  }
}
