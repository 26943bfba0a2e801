// Engine: a gate client with a stream that a test writes and a clock that it turns.
import { onTestFinished } from 'vitest';
import { createGateClient, type GateClientOptions } from '../../src/gate-client/client.ts';

export const NONCES = [
  '00000000-0000-4000-8000-00000000000a',
  '00000000-0000-4000-8000-00000000000b',
];
export const HELLO = {
  staleAfterMs: 10_000,
  failOpen: false,
  outstandingMost: null,
  owedForMsMost: null,
};
export const entry = (subscriber: string, revision: number, standing = 'good') => ({
  subscriber,
  agentWallet: `wallet-${subscriber}`,
  standing,
  outstanding: standing === 'good' ? '0' : '5',
  owedSince: null,
  reason: standing === 'good' ? null : 'Ran.',
  evidence: null,
  revision: String(revision),
});
/** A beat of a daemon that saw this slot so long ago. */
export const beat = (doubt: string | null = null, ageMs = 0, asOfSlot = 7) => ({
  revision: '1',
  asOfSlot,
  ageMs,
  doubt,
  doubted: [],
});
export const text = (event: string, data: unknown, id?: string) =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
/** The first messages that a daemon sends. */
export const whole = (entries: unknown[], id: string) =>
  text('hello', HELLO) +
  text('entries', entries) +
  text('live', { revision: id.split(':')[0] }, id) +
  text('beat', beat());

type Request = {
  readonly headers: Record<string, string>;
  answer(response: Response): void;
  /** Answers with a stream, and returns how to write to it. */
  stream(): { write(text: string): void; end(): void };
  fail(error: Error): void;
};

/**
 * An engine with a client, the requests it makes, and its clock. The client is closed at the end of
 * the test.
 */
export function openEngine(options: Partial<GateClientOptions> = {}) {
  let now = 1_000_000;
  let timers: { at: number; act: () => void }[] = [];
  const requests: Request[] = [];
  const states: string[] = [];
  const fetch = ((_url: string, init: RequestInit) =>
    new Promise<Response>((resolve, reject) => {
      let end: ReadableStreamDefaultController<Uint8Array> | null = null;
      init.signal?.addEventListener('abort', () => {
        const aborted = new DOMException('aborted', 'AbortError');
        reject(aborted);
        try {
          end?.error(aborted);
        } catch {}
      });
      requests.push({
        headers: init.headers as Record<string, string>,
        answer: resolve,
        fail: reject,
        stream() {
          const body = new ReadableStream<Uint8Array>({
            start(controller) {
              end = controller;
            },
          });
          resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
          return {
            write: (piece) => end?.enqueue(new TextEncoder().encode(piece)),
            end: () => end?.close(),
          };
        },
      });
    })) as unknown as typeof globalThis.fetch;
  const gate = createGateClient({
    url: 'http://bailiff.example/',
    fetch,
    nowMs: () => now,
    random: () => 0,
    after(ms, act) {
      const timer = { at: now + ms, act };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    onState: (state, why) => states.push(`${state}: ${why}`),
    ...options,
  });
  onTestFinished(() => gate.close());
  /** Lets everything that was written be read. */
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 60; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    gate,
    states,
    settle,
    request: (at = requests.length - 1): Request => requests[at] as Request,
    requests: () => requests.length,
    async pass(ms: number): Promise<void> {
      await settle();
      for (const until = now + ms; ; ) {
        const [next] = timers.filter((each) => each.at <= until).sort((a, b) => a.at - b.at);
        now = next?.at ?? until;
        if (next === undefined) return settle();
        timers = timers.filter((each) => each !== next);
        next.act();
        await settle();
      }
    },
  };
}
export const refused = () =>
  new TypeError('fetch failed', {
    cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  });
