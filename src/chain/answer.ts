// Answer: reads bodies of HTTP answers within bounds. A node, or a host in between, may send any
// number of bytes; without a bound one answer could fill the memory of the process. Bytes are
// counted after decompression, as they are held.
import { Fault } from '../core/fault.ts';

export type AnswerBounds = {
  /** The most bytes of one answer. */
  readonly answerBytesMost: number;
  /** The most bytes of all answers that are being received at the same time. */
  readonly answersBytesMost: number;
};
/** An answer whose body is still to be read: a `Response`, or what `post` returns. */
export type HttpAnswer = Pick<Response, 'ok' | 'status' | 'statusText'> & {
  readonly headers: Headers | Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array> | null;
};
/**
 * An answer whose body is in memory. A `Response` of the same bytes takes twelve times as long to
 * make and to read: its body is a stream.
 */
export type Answer = Pick<Response, 'ok' | 'status' | 'statusText' | 'headers' | 'text' | 'json'>;
/** Sends a request, as `fetch` does, and resolves with its answer once that is in memory. */
export type Send = (...request: Parameters<typeof fetch>) => Promise<Answer>;
/**
 * Reads an answer to its end and returns the same answer with its body in memory. Throws
 * `rpc_unavailable` and closes the connection when the answer, or all answers that are being read,
 * exceed their bounds, and when the answer has the id of another request. `id` is the id of the
 * JSON-RPC request as text; null when there is none to compare.
 */
export type ReadAnswer = (answer: HttpAnswer, id?: string | null) => Promise<Answer>;

/** The bounds of commands, which ask a node only a few questions. */
export const USUAL_BOUNDS: AnswerBounds = {
  answerBytesMost: 16_777_216,
  answersBytesMost: 67_108_864,
};

/** Whether a body is a JSON object without the id of the request. */
const isOfAnother = (body: Buffer, id: string): boolean => body[0] === 0x7b && !body.includes(id);

const UTF_8 = new TextDecoder();

/** An answer with the bytes of its body. */
class AnswerRead implements Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly #headers: HttpAnswer['headers'];
  readonly #body: Uint8Array;
  constructor({ ok, status, statusText, headers }: HttpAnswer, body: Uint8Array) {
    [this.ok, this.status, this.statusText] = [ok, status, statusText];
    [this.#headers, this.#body] = [headers, body];
  }
  get headers(): Headers {
    return new Headers(this.#headers);
  }
  async text(): Promise<string> {
    return UTF_8.decode(this.#body);
  }
  async json(): Promise<unknown> {
    return JSON.parse(UTF_8.decode(this.#body));
  }
}

/** Creates a reader. All answers that it reads share the bound `answersBytesMost`. */
export function createAnswerReader(bounds: AnswerBounds): ReadAnswer {
  /** Bytes of the answers that are being read now. */
  let held = 0;
  return async (answer, id = null) => {
    const chunks: Uint8Array[] = [];
    let own = 0;
    try {
      for await (const chunk of answer.body ?? []) {
        own += chunk.length;
        held += chunk.length;
        if (own > bounds.answerBytesMost)
          throw new Fault(
            'rpc_unavailable',
            `the answer is longer than ${bounds.answerBytesMost} bytes (rpc.answerBytesMost)`,
          );
        if (held > bounds.answersBytesMost)
          throw new Fault(
            'rpc_unavailable',
            `answers of more than ${bounds.answersBytesMost} bytes are on their way (rpc.answersBytesMost)`,
          );
        chunks.push(chunk);
      }
    } finally {
      held -= own;
    }
    const body = Buffer.concat(chunks, own);
    if (answer.ok && id !== null && isOfAnother(body, id))
      throw new Fault('rpc_unavailable', 'the answer is that to another request');
    return new AnswerRead(answer, body);
  };
}
