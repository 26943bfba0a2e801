// Gauges: the figures that the daemon reads from its ledger, its chain and itself every few
// seconds.
import type { Finding } from './core/doctor-finding.ts';
import { ASIDE_KINDS } from './core/hearing-ports.ts';
import { PARTS } from './core/hearing-share.ts';
import type { Address } from './core/ids.ts';
import type { Clock } from './core/ports.ts';
import type { Roster } from './core/roster.ts';
import type { Parts } from './daemon-parts.ts';
import type { Feeds } from './feed-wiring.ts';
import type { VenuesConformance } from './flows/conformance.ts';
import type { HearingShare } from './flows/hearing-share.ts';
import type { Pulse } from './flows/heartbeat.ts';
import type { Lanes } from './flows/lanes.ts';
import type { Publisher } from './flows/publish.ts';
import type { RpcCosts } from './flows/rpc-budget.ts';
import { createSourceAges } from './flows/source-ages.ts';
import type { Sources } from './flows/sources.ts';
import type { WatchedAccounts } from './flows/watched.ts';
import { type Gauge, installNodeGauges } from './node-gauges.ts';
import type { Metrics } from './system/metrics.ts';
import { createRested } from './system/rested.ts';

export type GaugeParts = {
  readonly parts: Parts;
  readonly roster: Roster;
  readonly publisher: Publisher;
  readonly lanes: Lanes;
  readonly sources: Sources;
  readonly watched: Pick<WatchedAccounts, 'map'>;
  readonly conformance: VenuesConformance;
  readonly clock: Clock;
  /** The result of the last heartbeat. */
  readonly pulse: () => Pulse;
  /** The findings on signing, secrets, endpoints, clocks and nodes. */
  readonly findings: () => readonly Finding[];
  readonly share: Pick<HearingShare, 'parts' | 'isMine'>;
  readonly feeds: Pick<Feeds, 'stream'>;
  /** The costs of calls to nodes. */
  readonly costs: Pick<RpcCosts, 'spent' | 'isGivenUp' | 'findings'>;
  /** How far the chain's clock is ahead of that of Postgres; null before it was read. */
  readonly chainAheadMs: () => number | null;
};

const FOUND = [
  'signing',
  'master key',
  'keys',
  'endpoint secrets',
  'endpoints',
  'second rpc',
  'rpc budget',
  'clock',
];
const LAMPORTS_A_SOL = 1e9;
const HOUR_MS = 3_600_000;
const AGES_MS = [5 * 60_000, HOUR_MS, 24 * HOUR_MS];
const UNKNOWN_AFTER_MS = 2 * 60_000;
const one = (value: number) => [{ labels: {}, value }];

/** Registers every gauge. */
export function installGauges(metrics: Metrics, given: GaugeParts): void {
  const { parts, roster, publisher, lanes, sources, watched, conformance, clock } = given;
  const { ledger, chain, pen, fees, sender } = parts;
  const gauge: Gauge = (name, help, labels, read) =>
    metrics.gauge({ name: `bailiff_${name}`, help, labels, read });

  // Counting the paid debts and landed payments takes longer the more there are, so these counts
  // rest for up to an hour between two readings.
  const paid = createRested(clock, () => ledger.sums.paid(), HOUR_MS);
  const landed = createRested(clock, () => ledger.sums.landed(), HOUR_MS);
  gauge('debts', 'Profit shares by status and token.', ['status', 'token'], async () => [
    ...(await ledger.sums.unpaid()).map(({ status, token, count }) => ({
      labels: { status, token: token.symbol },
      value: count,
    })),
    ...(await paid()).map(({ token, count }) => ({
      labels: { status: 'paid', token: token.symbol },
      value: count,
    })),
  ]);
  gauge(
    'debts_base_units',
    'The unpaid part of profit shares by status and token, in base units of the token.',
    ['status', 'token'],
    async () =>
      (await ledger.sums.unpaid()).map(({ status, token, left }) => ({
        labels: { status, token: token.symbol },
        value: Number(left),
      })),
  );
  gauge(
    'debt_oldest_seconds',
    'Age of the oldest open debt, without those that wait for their minimum or cost.',
    [],
    async () => one(((await ledger.sums.oldestDebtMs(clock.nowMs())) ?? 0) / 1_000),
  );
  gauge('debts_older', 'Open debts older than so many seconds.', ['seconds'], async () => {
    const ages = await ledger.sums.debtsOlderThan(clock.nowMs(), AGES_MS);
    return ages.map((count, index) => ({
      labels: { seconds: String((AGES_MS[index] ?? 0) / 1_000) },
      value: count,
    }));
  });
  gauge(
    'close_to_paid_seconds',
    'From hearing of a close to its payment being final, in the last hour.',
    ['quantile'],
    async () =>
      Object.entries(await ledger.sums.closeToPaid(clock.nowMs() - HOUR_MS)).map(
        ([quantile, ms]) => ({
          labels: { quantile },
          value: ms / 1_000,
        }),
      ),
  );
  gauge(
    'payments',
    'Payments by state and, of those that ended badly, class of trouble.',
    ['state', 'class'],
    async () => [
      ...(await ledger.sums.payments()).map(({ state, class: trouble, count }) => ({
        labels: { state, class: trouble },
        value: count,
      })),
      { labels: { state: 'landed', class: '' }, value: await landed() },
    ],
  );
  gauge(
    'payments_unknown',
    'Payments sent over two minutes ago whose outcome is not known.',
    [],
    async () => one(await ledger.sums.paymentsSentBefore(clock.nowMs() - UNKNOWN_AFTER_MS)),
  );
  gauge('events', 'Events to endpoints, by state.', ['state'], async () =>
    (await ledger.endpoints.totals()).map(({ state, count }) => ({
      labels: { state },
      value: count,
    })),
  );
  gauge('unread', 'Transactions that were heard and are not final here.', ['status'], async () => {
    const { wanted, confirmed } = await ledger.sightings.backlog();
    return [
      { labels: { status: 'wanted' }, value: wanted },
      { labels: { status: 'confirmed' }, value: confirmed },
    ];
  });
  gauge(
    'set_aside',
    'Items that cannot be read for now and are tried again, by kind.',
    ['kind'],
    async () => {
      const counts = await ledger.asides.counts();
      return ASIDE_KINDS.map((kind) => ({ labels: { kind }, value: counts.get(kind) ?? 0 }));
    },
  );
  gauge('gaps', 'Accounts with a difference that no fact explains.', [], async () =>
    one((await ledger.checks.gaps()).length),
  );
  gauge(
    'unexplained_calls',
    'Calls that this release does not know, and that account state has not explained yet.',
    [],
    async () => one((await ledger.coverage.unexplained()).length),
  );
  const follows = (): boolean =>
    [...watched.map.values()].some((each) => given.share.isMine(each.subscriberId));
  const ages = createSourceAges({ sources, follows, clock });
  gauge(
    'source_age_seconds',
    'Since a source told of the chain last, or since this daemon follows an account; none while it follows none.',
    ['source'],
    async () => ages().map(({ source, ageMs }) => ({ labels: { source }, value: ageMs / 1_000 })),
  );
  const { feeds } = given;
  gauge('stream_accounts', 'Accounts that gRPC streams shall name.', [], async () =>
    one(feeds.stream()?.accounts ?? 0),
  );
  gauge('stream_subscribed', 'Accounts that gRPC streams name now.', [], async () =>
    one(feeds.stream()?.subscribed ?? 0),
  );
  gauge('stream_gaps', 'How often a gRPC stream did not replay what was missed.', [], async () =>
    one(feeds.stream()?.gaps ?? 0),
  );
  gauge('halts', 'Halts in force: where nothing new is signed.', [], async () =>
    one((await ledger.halts.list()).length),
  );
  gauge(
    'venue_program_known',
    'Whether the bytes of the venue’s program are known or were accepted: 1 or 0; -1 before they were read.',
    ['venue'],
    async () =>
      conformance.states().map(({ venue, state }) => ({
        labels: { venue },
        value: { known: 1, unknown: 0, unread: -1 }[state.state],
      })),
  );
  gauge(
    'venue_program_slot',
    'The slot in which the venue’s program was deployed last; -1 before it was read.',
    ['venue'],
    async () =>
      conformance.states().map(({ venue, state }) => ({
        labels: { venue },
        value: state.state === 'unread' ? -1 : state.slot,
      })),
  );
  gauge(
    'findings',
    'Findings that a person should mend, by the doctor’s names: signing, master key, keys, endpoint secrets, endpoints, second rpc, rpc budget, clock.',
    ['what'],
    async () =>
      FOUND.map((what) => ({
        labels: { what },
        value: [...given.findings(), ...given.costs.findings()].filter((each) => each.what === what)
          .length,
      })),
  );
  gauge(
    'clock_ahead_seconds',
    'How far the clock of this machine is ahead of that of Postgres; the daemon goes by the latter.',
    [],
    async () => {
      const { skewMs } = given.pulse();
      return skewMs === null ? [] : one(skewMs / 1_000);
    },
  );
  gauge(
    'chain_clock_ahead_seconds',
    'How far the clock of the chain is ahead of that of Postgres, as of the last minute.',
    [],
    async () => {
      const aheadMs = given.chainAheadMs();
      return aheadMs === null ? [] : one(aheadMs / 1_000);
    },
  );
  installNodeGauges(gauge, parts.nodes, given.costs);
  gauge(
    'nonce_accounts',
    'Nonce accounts that are not closed: open, and closing.',
    ['state'],
    async () => {
      const { open, closing } = await ledger.nonces.sums();
      return [
        { labels: { state: 'open' }, value: open - closing },
        { labels: { state: 'closing' }, value: closing },
      ];
    },
  );
  gauge(
    'nonce_rent_lamports',
    'Lamports that nonce accounts were created with, and give back when they are closed.',
    [],
    async () => one(Number((await ledger.nonces.sums()).rent)),
  );
  gauge(
    'root_memos',
    'Days whose root the sponsor wrote on chain, sealed days that wait for it, and days for which the chain has another commitment.',
    ['state'],
    async () =>
      Object.entries(await parts.rootMemos.sums()).map(([state, value]) => ({
        labels: { state },
        value,
      })),
  );
  gauge('hearing_parts', 'Parts of the watch-list that this daemon hears, of 64.', [], async () =>
    one(given.share.parts()?.length ?? PARTS),
  );
  gauge('lanes', 'Subscribers with work in this process.', [], async () => one(lanes.active));
  gauge('stream_readers', 'Readers of the gate stream.', [], async () => one(publisher.readers));
  gauge('subscribers', 'Subscribers on the roster.', [], async () => one(roster.size));
  gauge('roster_age_seconds', 'Since the chain was last seen; -1 for never.', [], async () => {
    const { observedAtMs } = roster.freshness();
    return one(observedAtMs === null ? -1 : (clock.nowMs() - observedAtMs) / 1_000);
  });
  gauge(
    'sponsor_runway',
    'Payments that the sponsor can pay fees for, at the most they cost; -1 without one.',
    [],
    async () => {
      if (pen.sponsor === null) return one(-1);
      const { accounts } = await chain.accounts([pen.sponsor as Address]);
      const tip = sender?.tip()?.lamports ?? 0n;
      const cost = 2n * (await fees.lamportsPerSignature()) + fees.priorityFeeMost + tip;
      return one(Number((accounts[0]?.lamports ?? 0n) / cost));
    },
  );
  gauge('sponsor_sol', 'SOL that the sponsor holds; -1 without a sponsor.', [], async () => {
    if (pen.sponsor === null) return one(-1);
    const { accounts } = await chain.accounts([pen.sponsor as Address]);
    return one(Number(accounts[0]?.lamports ?? 0n) / LAMPORTS_A_SOL);
  });
}
