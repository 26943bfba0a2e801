// Helius calls: bounds the calls of helius-sdk in time and bytes, and turns its errors into faults.
import { Fault, messageOf } from '../core/fault.ts';
import { createAnswerReader } from './answer.ts';
import { redact } from './rpc.ts';

const SDK_HOST = 'https://api-mainnet.helius-rpc.com';
/** A list of webhooks contains all their addresses: 95,000 take about 4.5 MB. */
const ANSWER_BYTES_MOST = 64 * 1_024 * 1_024;

/**
 * helius-sdk calls the global fetch with a fixed host and no deadline. This wraps fetch for that
 * host alone: every call gets a deadline and a bound on bytes, and goes to the local stand-in if
 * one is configured (ADR 4).
 */
export function guardFetch(apiUrl: string | null, answerMs: number): void {
  const original = globalThis.fetch;
  const read = createAnswerReader({
    answerBytesMost: ANSWER_BYTES_MOST,
    answersBytesMost: ANSWER_BYTES_MOST,
  });
  globalThis.fetch = async (input, init) => {
    if (typeof input !== 'string' || !input.startsWith(SDK_HOST)) return original(input, init);
    const url = apiUrl === null ? input : apiUrl + input.slice(SDK_HOST.length);
    const answer = await read(
      await original(url, { ...init, signal: AbortSignal.timeout(answerMs) }),
    );
    // An answer without content (204) may have no body, not even an empty one.
    return new Response((await answer.text()) || null, answer);
  };
}

/**
 * Turns an error of the SDK into a fault by its cause, so that the right alarm is raised. The SDK
 * throws plain errors with the HTTP status in their message.
 */
export function heliusFault(thrown: unknown): Fault {
  if (thrown instanceof Fault && thrown.code !== 'rpc_unavailable') return thrown;
  const message = redact(messageOf(thrown));
  const status = Number(/status: (\d{3})/.exec(message)?.[1] ?? 0);
  if (status === 401 || status === 403)
    return new Fault('helius_key_rejected', `Helius does not accept the API key: ${message}`);
  if (status === 429 && /credit/i.test(message))
    return new Fault('helius_credits_exhausted', `Helius has no credits left for us: ${message}`);
  return new Fault('helius_failed', `Helius: ${message}`);
}
