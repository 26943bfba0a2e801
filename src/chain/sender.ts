// Sender: an HTTP endpoint that takes transactions beside the nodes and gets them into blocks
// sooner, such as Helius Sender or the block engine of Jito. No send waits for it: a payment
// depends on what the nodes take. While the endpoint fails, payments go to the nodes alone, without
// a tip.
//
// Helius Sender (helius.dev/docs/sending-transactions/sender, read on 2026-11-28): POST of
// `sendTransaction` with base64, skipPreflight, and maxRetries 0; the transaction holds a transfer
// of at least 0.001 SOL, or 0.000005 SOL with `?swqos_only=true`, to one of ten accounts; 15
// requests a second. Other services, such as Jito's block engine, take the same call.
import { messageOf } from '../core/fault.ts';
import type { RpcOutcome } from '../core/outcomes.ts';
import type { Log } from '../core/ports.ts';
import type { TipLimits, TipRule, TipSource } from '../core/sender-tip.ts';
import type { Send } from './answer.ts';
import { type RpcListener, redact } from './rpc.ts';

/** The methods under which calls of a sender are counted: taken, and not taken. */
export const SENDER_METHODS = { taken: 'senderTook', refused: 'senderRefused' } as const;
/** The asker of a sender's calls. */
export const SENDER_SOURCE = 'sender';

export type Sender = TipSource & {
  /** The host of the URL. Path and query may hold a key. */
  readonly host: string;
  /** Sends exactly these bytes, in the background. Never throws. */
  send(bytes: Uint8Array): void;
  /** Resolves when nothing is on its way any more. */
  settled(): Promise<void>;
};

export type SenderOptions = {
  readonly url: string;
  readonly tip: TipRule;
  readonly limits: TipLimits;
  /** Carries a request within the bounds of settings. */
  readonly post: Send;
  /** A clock in milliseconds that never goes back. */
  readonly elapsedMs: () => number;
  readonly log: Log;
  readonly onCall: RpcListener;
};

/** After so many failures in a row the sender rests, and again after each further one. */
const FAILURES_MOST = 3;
const RESTS_MS = 30_000;
/** Sends on their way; beyond it a send counts as failed. */
const UNDER_WAY_MOST = 256;

/** Creates the sender. */
export function createSender(options: SenderOptions): Sender {
  const { url, tip, limits, post, elapsedMs, log, onCall } = options;
  const host = URL.parse(url)?.host ?? 'unknown';
  const underWay = new Set<Promise<void>>();
  let failures = 0;
  let restsUntilMs = Number.NEGATIVE_INFINITY;

  const told = (outcome: RpcOutcome, ms: number): void => {
    const method = outcome === 'answered' ? SENDER_METHODS.taken : SENDER_METHODS.refused;
    onCall({ method, node: host, source: SENDER_SOURCE, outcome, ms });
  };
  const failed = (why: string): void => {
    failures++;
    if (failures < FAILURES_MOST) return;
    if (failures === FAILURES_MOST) log.warn('sender.rests', { host, failures, message: why });
    restsUntilMs = elapsedMs() + RESTS_MS;
  };
  const taken = (): void => {
    if (failures >= FAILURES_MOST) log.info('sender.taken_again', { host });
    failures = 0;
    restsUntilMs = Number.NEGATIVE_INFINITY;
  };

  /** How the sender answered; and in words, why it did not take the transaction. */
  const ask = async (body: string): Promise<{ outcome: RpcOutcome; why: string }> => {
    try {
      const headers = { 'content-type': 'application/json' };
      const answer = await post(url, { method: 'POST', headers, body });
      const text = await answer.text();
      if (answer.status === 429) return { outcome: 'limited', why: 'HTTP 429' };
      if (!answer.ok) return { outcome: 'failed', why: `HTTP ${answer.status}` };
      const { result, error } = JSON.parse(text) as { result?: unknown; error?: unknown };
      if (typeof result === 'string') return { outcome: 'answered', why: '' };
      return { outcome: 'refused', why: JSON.stringify(error ?? null) };
    } catch (thrown) {
      return { outcome: 'failed', why: messageOf(thrown) };
    }
  };
  const one = async (bytes: Uint8Array): Promise<void> => {
    const sinceMs = elapsedMs();
    const transaction = Buffer.from(bytes).toString('base64');
    const params = [transaction, { encoding: 'base64', skipPreflight: true, maxRetries: 0 }];
    const { outcome, why } = await ask(
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'sendTransaction', params }),
    );
    told(outcome, elapsedMs() - sinceMs);
    if (outcome === 'answered') taken();
    else failed(redact(why).slice(0, 300));
  };
  return {
    host,
    limits,
    tip: () => (elapsedMs() < restsUntilMs ? null : tip),
    send(bytes) {
      if (underWay.size >= UNDER_WAY_MOST) {
        told('failed', 0);
        failed(`${UNDER_WAY_MOST} sends are on their way`);
        return;
      }
      const sending = one(bytes).finally(() => underWay.delete(sending));
      underWay.add(sending);
    },
    async settled() {
      await Promise.all(underWay);
    },
  };
}
