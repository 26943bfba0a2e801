// Rpc: the connection to a Solana node, through web3.js, with time-outs and faults that say whether to try again.
// It never makes an answer up: an error is an error, never an absence.
import { Connection } from '@solana/web3.js';
import { Fault, messageOf } from '../core/fault.ts';
import { createAnswerReader, type ReadAnswer, USUAL_BOUNDS } from './answer.ts';

/** By when an answer must have arrived where no setting is at hand. */
export const ANSWER_MS = 10_000;
/** JSON-RPC codes that pass by themselves: behind, unhealthy, slot not there yet, long-term storage trouble. */
const PASSING = new Set([
  -32001, -32004, -32005, -32007, -32008, -32009, -32014, -32016, -32019, -32603,
]);

/** Hears of every call, whatever came of it. */
export type RpcListener = (method: string, outcome: 'answered' | 'failed') => void;

/** What bounds the calls of a connection. */
export type CallBounds = { readonly answerMs: number; readonly read: ReadAnswer };

/**
 * Opens a connection. web3.js must not retry by itself: our own budgets decide. `send` carries a request; where it is left
 * out, the request goes to the URL as it is, also when another chain answers there. Answers are read within the bounds.
 */
export function openConnection(
  rpcUrl: string,
  wsUrl: string | null,
  onCall: RpcListener = () => {},
  send: typeof fetch = fetch,
  bounds: CallBounds = { answerMs: ANSWER_MS, read: createAnswerReader(USUAL_BOUNDS) },
): Connection {
  return new Connection(rpcUrl, {
    commitment: 'confirmed',
    disableRetryOnRateLimit: true,
    ...(wsUrl === null ? {} : { wsEndpoint: wsUrl }),
    async fetch(input, init) {
      const method = /"method":"(\w+)"/.exec(String(init?.body))?.[1] ?? 'batch';
      try {
        const signal = AbortSignal.timeout(bounds.answerMs);
        const answer = await bounds.read(await send(input as string, { ...init, signal }));
        onCall(method, answer.ok ? 'answered' : 'failed');
        return answer;
      } catch (thrown) {
        onCall(method, 'failed');
        throw thrown;
      }
    },
  });
}

/** The text of an error without what may be secret in it: query strings of URLs carry API keys. */
export function redact(text: string): string {
  return text
    .replace(/([?&](?:api-key|api_key|apikey|token)=)[^&\s"']+/gi, '$1…')
    .replace(/(https?:\/\/[^\s"'?]*\?)[^\s"']+/g, '$1…');
}

/** Runs one RPC call, and turns whatever it throws into a fault. */
export async function asking<T>(method: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    const code = (thrown as { code?: unknown } | null)?.code;
    const message = redact(messageOf(thrown)).slice(0, 300);
    const refused = typeof code === 'number' && code <= -32000 && !PASSING.has(code);
    throw new Fault(refused ? 'rpc_refused' : 'rpc_unavailable', `${method}: ${message}`, {
      context: { method, code },
    });
  }
}
