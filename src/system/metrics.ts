// Metrics: what Prometheus reads. Counters are moved by what happens. Gauges that ask Postgres or
// the chain are read by a loop of the daemon, and the page shows what was read last: a scrape asks
// nothing outside this process, so the page answers at once in an outage too.
// `bailiff_sample_age_seconds` says how old each reading is.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type Coverage, programName, UNDERSTANDINGS } from '../core/coverage.ts';
import { ERROR_EVENTS } from '../core/log-events.ts';
import { REQUEST_OUTCOMES, RPC_OUTCOMES } from '../core/outcomes.ts';
import type { Clock, Log } from '../core/ports.ts';
import { createMeter } from './meter.ts';

/** A gauge and how its values are read. */
export type Reading = {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: () => Promise<readonly { labels: Record<string, string>; value: number }[]>;
};
export type Metrics = {
  /** A log whose every event is counted as well. */
  metered(log: Log): Log;
  verdict(verdict: 'allow' | 'deny' | 'unknown'): void;
  /** One call of a node, named by its host. */
  rpc(call: {
    readonly method: string;
    readonly node: string;
    readonly outcome: string;
    readonly ms: number;
  }): void;
  /** One request of the API; null is a duration that says nothing. */
  request(route: string, method: string, outcome: string, ms: number | null): void;
  /** Lets the counters of a route begin at 0. */
  beginRoute(route: string, method: string): void;
  delivery(outcome: 'stored' | 'refused' | 'failed'): void;
  facts(facts: readonly { readonly body: { readonly kind: string } }[]): void;
  /**
   * Calls of a program that were given an account of a subscriber, by how well they are understood.
   */
  covered(program: string, counted: Coverage): void;
  gauge(reading: Reading): void;
  /**
   * Reads every gauge once. A gauge that cannot be read keeps its last values; the others are read
   * all the same.
   */
  sample(): Promise<void>;
  /** The text that Prometheus reads. */
  text(): Promise<string>;
  readonly contentType: string;
};

export function createMetrics(clock: Clock): Metrics {
  const registry = new Registry();
  // Among them the event loop's lag.
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const events = new Counter({
    name: 'bailiff_events_total',
    help: 'Log events by name and level; docs/events.md lists them.',
    labelNames: ['event', 'level'],
    registers,
  });
  // A counter that is born at 1 has no increase, and an alert on the first error of a kind would
  // stay silent.
  for (const event of ERROR_EVENTS) events.inc({ event, level: 'error' }, 0);
  // Added to for every trade of every copier, so it is a plain number until somebody reads it.
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
    help: 'Webhook bodies by what became of them.',
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
  type Sampled = { readonly reading: Reading; readonly shown: Gauge; readAtMs: number | null };
  const gauges: Sampled[] = [];
  const sampleOne = async (gauge: Sampled): Promise<void> => {
    try {
      const values = await gauge.reading.read();
      gauge.shown.reset();
      for (const each of values) gauge.shown.set(each.labels, each.value);
      gauge.readAtMs = clock.nowMs();
    } catch {
      // Its age says so: the same outage is logged by the loops that it stops.
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
    rpc: ({ method, node, outcome, ms }) => calls.note([method, node], outcome, ms),
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
      gauges.push({ reading, shown, readAtMs: null });
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
