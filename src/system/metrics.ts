// Metrics: the page that Prometheus reads. Events move the counters. Gauges that need Postgres or
// the chain are read by a loop of the daemon, and the page shows the last reading: a scrape makes
// no call outside this process, so it answers at once during an outage too.
// `bailiff_sample_age_seconds` gives the age of each reading.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type Coverage, programName, UNDERSTANDINGS } from '../core/coverage.ts';
import type { Spent } from '../core/hearing-costs.ts';
import { ERROR_EVENTS } from '../core/log-events.ts';
import { REQUEST_OUTCOMES, RPC_OUTCOMES } from '../core/outcomes.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Decision } from '../core/roster.ts';
import { creditsOf } from '../core/rpc-price.ts';
import { createMeter } from './meter.ts';
import { createRest, type Rest } from './rested.ts';

/** A gauge, and the function that reads its values. */
export type Reading = {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: () => Promise<readonly { labels: Record<string, string>; value: number }[]>;
};
export type Metrics = {
  /** Returns a log that counts every event of the levels info, warn and error before writing it. */
  metered(log: Log): Log;
  verdict(verdict: Decision['verdict']): void;
  /**
   * Counts one call of a node, which is named by its host. `source` is the part of the daemon that
   * asked.
   */
  rpc(call: {
    readonly method: string;
    readonly node: string;
    readonly source: string;
    readonly outcome: string;
    readonly ms: number;
  }): void;
  /** Counts what webhooks and sockets cost. */
  spent(spent: Spent): void;
  /** Counts one request of the API. `ms` is null when the duration says nothing, as of a stream. */
  request(route: string, method: string, outcome: string, ms: number | null): void;
  /** Sets the counters of a route to 0. */
  beginRoute(route: string, method: string): void;
  delivery(outcome: 'stored' | 'refused' | 'failed'): void;
  facts(facts: readonly { readonly body: { readonly kind: string } }[]): void;
  /**
   * Adds the calls of a program that were given an account of a subscriber, by how well this
   * release understands them.
   */
  covered(program: string, counted: Coverage): void;
  gauge(reading: Reading): void;
  /**
   * Reads every gauge once, but those that rest (rested.ts). A gauge that cannot be read keeps its
   * last values; the others are still read.
   */
  sample(): Promise<void>;
  /** The text that Prometheus reads. */
  text(): Promise<string>;
  readonly contentType: string;
};

/** The longest rest of a gauge whose reading takes long. */
const REST_MS_MOST = 30_000;

/** Creates the metrics of one daemon. */
export function createMetrics(clock: Clock): Metrics {
  const registry = new Registry();
  // The event loop's lag is among them.
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const events = new Counter({
    name: 'bailiff_events_total',
    help: 'Log events by name and level; docs/events.md lists them.',
    labelNames: ['event', 'level'],
    registers,
  });
  // Prometheus sees no increase in a counter that starts at 1, so an alert on the first error of a
  // kind would not fire. Each counter of an error event therefore starts at 0.
  for (const event of ERROR_EVENTS) events.inc({ event, level: 'error' }, 0);
  const variants = new Counter({
    name: 'bailiff_payment_variants_total',
    help: 'Transactions signed for payments under nonces after their first one: payment, cancel.',
    labelNames: ['purpose'],
    registers,
  });
  for (const purpose of ['payment', 'cancel']) variants.inc({ purpose }, 0);
  const strangeMoves = new Counter({
    name: 'bailiff_nonce_moves_without_record_total',
    help: 'Moves of nonces by transactions that the ledger does not know, by whether they are explained.',
    labelNames: ['explained'],
    registers,
  });
  for (const explained of ['yes', 'no']) strangeMoves.inc({ explained }, 0);
  /** Counters that a single event moves, beside the one of all events. */
  const apart: Record<string, (level: string, fields: Record<string, unknown>) => void> = {
    'payment.varied': (_, { purpose }) => variants.inc({ purpose: String(purpose) }),
    'nonce.moved_without_record': (level) =>
      strangeMoves.inc({ explained: level === 'error' ? 'no' : 'yes' }),
  };
  // Plain numbers, because every copied trade adds to one of them. They are handed to Prometheus
  // when the page is read.
  const verdicts = { allow: 0, deny: 0, unknown: 0 };
  new Counter({
    name: 'bailiff_gate_verdicts_total',
    help: 'Answers of the gate over HTTP.',
    labelNames: ['verdict'],
    registers,
    collect() {
      this.reset();
      for (const [verdict, count] of Object.entries(verdicts)) this.inc({ verdict }, count);
    },
  });
  const calls = createMeter({
    counter: ['bailiff_rpc_calls_total', 'JSON-RPC calls by method, node and outcome.'],
    histogram: ['bailiff_rpc_call_seconds', 'How long JSON-RPC calls took, their answers read.'],
    labels: ['method', 'node'],
    outcome: ['outcome', RPC_OUTCOMES],
  });
  const credits = new Counter({
    name: 'bailiff_rpc_credits_total',
    help: 'What answered JSON-RPC calls, webhooks and sockets cost in credits of Helius, by method, node and the part of the daemon that asked or heard.',
    labelNames: ['method', 'node', 'source'],
    registers,
  });
  const asked = new Counter({
    name: 'bailiff_rpc_source_calls_total',
    help: 'JSON-RPC calls by method, node and the part of the daemon that asked: a loop, payments, nodes, other.',
    labelNames: ['method', 'node', 'source'],
    registers,
  });
  const requests = createMeter({
    counter: ['bailiff_http_requests_total', 'Requests by route, method and how they ended.'],
    histogram: [
      'bailiff_http_request_seconds',
      'How long requests took, from their head to the end of their answer; streams left out.',
    ],
    labels: ['route', 'method'],
    outcome: ['outcome', REQUEST_OUTCOMES],
  });
  const deliveries = new Counter({
    name: 'bailiff_deliveries_total',
    help: 'Webhook bodies by outcome.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of ['stored', 'refused', 'failed']) deliveries.inc({ outcome }, 0);
  const facts = new Counter({
    name: 'bailiff_facts_total',
    help: 'Facts that became final, by kind.',
    labelNames: ['kind'],
    registers,
  });
  const covered = new Counter({
    name: 'bailiff_instructions_total',
    help: 'Instructions of finalized transactions that were given a watched account, by program and understanding.',
    labelNames: ['program', 'understanding'],
    registers,
  });
  type Sampled = {
    readonly reading: Reading;
    readonly shown: Gauge;
    readAtMs: number | null;
    /** The gauge is not read before this time. */
    dueMs: number;
    readonly rest: Rest;
  };
  const gauges: Sampled[] = [];
  const sampleOne = async (gauge: Sampled): Promise<void> => {
    const beganMs = clock.nowMs();
    const restsMs = gauge.dueMs - beganMs;
    // A longer rest than the longest one shows that the clock was set back.
    if (restsMs > 0 && restsMs <= REST_MS_MOST) return;
    try {
      const values = await gauge.reading.read();
      gauge.shown.reset();
      for (const each of values) gauge.shown.set(each.labels, each.value);
      gauge.readAtMs = clock.nowMs();
      gauge.dueMs = gauge.rest(beganMs, gauge.readAtMs);
    } catch {
      // The failure shows as the age of the sample. The loops that the same outage stops log it.
    }
  };
  new Gauge({
    name: 'bailiff_sample_age_seconds',
    help: 'Since a gauge was last read; -1 for never. Gauges are read every few seconds.',
    labelNames: ['gauge'],
    registers,
    collect() {
      for (const { reading, readAtMs } of gauges)
        this.set(
          { gauge: reading.name },
          readAtMs === null ? -1 : (clock.nowMs() - readAtMs) / 1_000,
        );
    },
  });
  const counted =
    (level: string, write: Log['info']): Log['info'] =>
    (event, fields) => {
      events.inc({ event, level });
      apart[event]?.(level, fields ?? {});
      write(event, fields);
    };
  return {
    metered: (log) => ({
      debug: log.debug,
      info: counted('info', log.info),
      warn: counted('warn', log.warn),
      error: counted('error', log.error),
    }),
    verdict(verdict) {
      verdicts[verdict]++;
    },
    rpc({ method, node, source, outcome, ms }) {
      calls.note([method, node], outcome, ms);
      asked.inc({ method, node, source });
      if (outcome !== 'limited' && outcome !== 'failed')
        credits.inc({ method, node, source }, creditsOf(method));
    },
    spent({ method, node, source, times }) {
      credits.inc({ method, node, source }, times * creditsOf(method));
    },
    request: (route, method, outcome, ms) => requests.note([route, method], outcome, ms),
    beginRoute: (route, method) => requests.begin([route, method]),
    delivery: (outcome) => deliveries.inc({ outcome }),
    facts(heard) {
      for (const { body } of heard) facts.inc({ kind: body.kind });
    },
    covered(program, counted) {
      for (const understanding of UNDERSTANDINGS)
        covered.inc({ program: programName(program), understanding }, counted[understanding]);
    },
    gauge(reading) {
      const { name, help, labels } = reading;
      const shown = new Gauge({ name, help, labelNames: [...labels], registers });
      gauges.push({ reading, shown, readAtMs: null, dueMs: 0, rest: createRest(REST_MS_MOST) });
    },
    async sample() {
      await Promise.all(gauges.map(sampleOne));
    },
    async text() {
      return `${await registry.metrics()}${requests.text()}${calls.text()}`;
    },
    contentType: registry.contentType,
  };
}
