// Answer: bodies of HTTP answers, read within bounds. A node, or a host in between, may send
// anything: without a bound one answer would fill the memory of the process. What is counted is
// what is held: bytes after decompression.
import { Fault } from '../core/fault.ts';

export type AnswerBounds = {
  /** Bytes of one answer. */
  readonly answerBytesMost: number;
  /** Bytes of all answers that are on their way in. */
  readonly answersBytesMost: number;
};
/**
 * Reads an answer to its end and returns the same answer with its body in memory. Throws
 * `rpc_unavailable` when it, or all that are being read, would exceed their bounds; the connection
 * is then closed.
 */
export type ReadAnswer = (answer: Response) => Promise<Response>;

/** For commands, which ask a node a few questions. */
export const USUAL_BOUNDS: AnswerBounds = {
  answerBytesMost: 16_777_216,
  answersBytesMost: 67_108_864,
};

export function createAnswerReader(bounds: AnswerBounds): ReadAnswer {
  /** Bytes of answers that are being read. */
  let held = 0;
  return async (answer) => {
    if (answer.body === null) return answer;
    const chunks: Uint8Array[] = [];
    let own = 0;
    try {
      for await (const chunk of answer.body) {
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
    const { status, statusText, headers } = answer;
    return new Response(Buffer.concat(chunks, own), { status, statusText, headers });
  };
}
