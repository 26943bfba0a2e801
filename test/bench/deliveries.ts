// Deliveries: webhook bodies with a number each, sent over some connections at once, and which of
// those that were acknowledged the ledger holds.
import { Agent, request } from 'node:http';
import { openDatabase } from '../../src/ledger/database.ts';
import { unpackBodies } from '../../src/ledger/parcel.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog as log } from '../../src/system/log.ts';
import type { OwnDaemon } from './own-daemon.ts';

export type Deliveries = {
  readonly sent: () => number;
  readonly acknowledged: () => number;
  /** Answers by status, and errors by code. */
  readonly outcomes: () => ReadonlyMap<string, number>;
  /** The longest that an answer took since this was last asked, in milliseconds. */
  slowestMs(): number;
  stop(): Promise<void>;
  /** The numbers that were acknowledged and that the ledger lacks. */
  lost(): Promise<number[]>;
};

const PAD = 'x'.repeat(3_000);
const never = new AbortController().signal;

export function sendDeliveries(own: OwnDaemon, connections: number, pauseMs = 0): Deliveries {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const acknowledged = new Set<number>();
  const outcomes = new Map<string, number>();
  let sent = 0;
  let slowest = 0;
  const stopping = new AbortController();
  const post = (id: number): Promise<string> =>
    new Promise((resolve) => {
      const body = JSON.stringify([{ id, pad: PAD, slot: 1, meta: null, transaction: null }]);
      const headers = { authorization: own.secret, 'content-length': Buffer.byteLength(body) };
      const asked = request(
        `${own.base}/webhooks/helius`,
        { method: 'POST', agent, headers },
        (answer) => {
          answer.resume();
          answer.on('end', () => resolve(answer.complete ? String(answer.statusCode) : 'cut'));
        },
      );
      asked.on('error', (thrown: Error & { code?: string }) => resolve(thrown.code ?? 'error'));
      asked.end(body);
    });
  const work = Array.from({ length: connections }, async () => {
    while (!stopping.signal.aborted) {
      const id = ++sent;
      const since = performance.now();
      const outcome = await post(id);
      slowest = Math.max(slowest, performance.now() - since);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (outcome === '200') acknowledged.add(id);
      await clock.sleep(outcome === '200' ? pauseMs : Math.max(pauseMs, 20), never);
    }
  });
  return {
    sent: () => sent,
    acknowledged: () => acknowledged.size,
    outcomes: () => outcomes,
    slowestMs() {
      const told = Math.round(slowest);
      slowest = 0;
      return told;
    },
    async stop() {
      stopping.abort();
      await Promise.all(work);
      agent.destroy();
    },
    async lost() {
      const sql = openDatabase(own.databaseUrl, log, 1);
      const stored = new Set<number>();
      const rows = await sql<{ body: Buffer }[]>`select body from delivery`;
      for (const { body } of rows)
        for await (const { bytes } of unpackBodies(body)) {
          const [entry] = JSON.parse(Buffer.from(bytes ?? []).toString()) as { id?: number }[];
          if (entry?.id !== undefined) stored.add(entry.id);
        }
      await sql.end();
      return [...acknowledged].filter((id) => !stored.has(id));
    },
  };
}
