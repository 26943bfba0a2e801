// Hearing: the routes that show how far each source has come, which transactions are still to be
// read, and which accounts show differences that no fact explains.
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import type { Checks } from '../core/check-ports.ts';
import { programName, type Understanding } from '../core/coverage.ts';
import type { CoverageBook, UnfollowedAccounts, UnreadBook } from '../core/doubt-ports.ts';
import { Fault } from '../core/fault.ts';
import { ASIDE_KINDS, type Asides, type Sightings } from '../core/hearing-ports.ts';
import type { Clock } from '../core/ports.ts';
import type { Suspicions } from '../core/standing-ports.ts';
import type { Accept } from '../flows/accepted-changes.ts';
import { Acceptance, Answer, Rescan, Review, SuspicionList } from './hearing-shapes.ts';

export type HearingOptions = {
  readonly sightings: Pick<Sightings, 'backlog'>;
  readonly checks: Pick<Checks, 'gaps'>;
  readonly asides: Pick<Asides, 'list' | 'counts'>;
  readonly unread: Pick<UnreadBook, 'list'>;
  readonly unfollowed: Pick<UnfollowedAccounts, 'list'>;
  readonly coverage: Pick<CoverageBook, 'totals' | 'unexplained'>;
  readonly suspicions: Pick<Suspicions, 'list' | 'review'>;
  readonly clock: Clock;
  /** By source: the last slot that it reported, and when. */
  readonly progress: () => Readonly<
    Record<string, { readonly lastSlot: number | null; readonly lastMs: number | null }>
  >;
  /**
   * Reads the history of a watched account again from a slot on. Returns how many transactions were
   * noted. Throws `not_found` when the account is not watched.
   */
  readonly rescan: (address: string, fromSlot: number) => Promise<number>;
  /** Accepts, on behalf of a person, an account's state or a transaction that no node returns. */
  readonly accept: Accept;
  readonly feed: () => { sockets: number; accounts: number; subscribed: number } | null;
  readonly grpc: () => {
    streams: number;
    accounts: number;
    subscribed: number;
    gaps: number;
  } | null;
};

const SHOWN_MOST = 100;
/** The routes of hearing. */
export const hearingRoutes: FastifyPluginAsync<HearingOptions> = async (app, options) => {
  const { sightings, checks, asides, clock } = options;
  app.post<{ Body: Static<typeof Rescan> }>(
    '/v1/hearing/rescans',
    {
      config: { scope: 'operator' },
      schema: { body: Rescan, response: { 202: Type.Object({ transactions: Type.Integer() }) } },
    },
    async (request, reply) => {
      const { address, fromSlot } = request.body;
      return reply.code(202).send({ transactions: await options.rescan(address, fromSlot) });
    },
  );
  app.get(
    '/v1/hearing/suspicions',
    { config: { scope: 'operator' }, schema: { response: { 200: SuspicionList } } },
    async () => ({
      suspicions: (await options.suspicions.list()).map(({ subscriberId, amount, ...each }) => ({
        subscriber: subscriberId,
        amount: amount.toString(),
        ...each,
        kinds: [...each.kinds],
      })),
    }),
  );
  app.post<{ Body: Static<typeof Review> }>(
    '/v1/hearing/reviews',
    { config: { scope: 'operator' }, schema: { body: Review } },
    async (request, reply) => {
      const { subscriber, reason } = request.body;
      if (!(await options.suspicions.review(subscriber, reason, clock.nowMs())))
        throw new Fault('not_found', `Subscriber ${subscriber} is not under suspicion.`);
      return reply.code(204).send();
    },
  );
  app.post<{ Body: Static<typeof Acceptance> }>(
    '/v1/hearing/acceptances',
    { config: { scope: 'operator' }, schema: { body: Acceptance } },
    async (request, reply) => {
      const { address, transaction, reason } = request.body;
      const [subject, other] = [address, transaction].filter((each) => each !== undefined);
      if (subject === undefined || other !== undefined)
        throw new Fault('body_invalid', 'Give address or transaction, and not both.');
      await options.accept(subject, reason);
      return reply.code(204).send();
    },
  );
  app.get(
    '/v1/hearing',
    { config: { scope: 'operator' }, schema: { response: { 200: Answer } } },
    async () => {
      const nowMs = clock.nowMs();
      const { wanted, confirmed, oldestMs } = await sightings.backlog();
      const counts = await asides.counts();
      const programs = await options.coverage.totals();
      const sum = (name: Understanding): number =>
        programs.reduce((total, each) => total + each[name], 0);
      const sources = Object.entries(options.progress()).map(([name, { lastSlot, lastMs }]) => [
        name,
        { lastSlot, ageMs: lastMs === null ? null : Math.max(0, nowMs - lastMs) },
      ]);
      return {
        sources: Object.fromEntries(sources),
        subscriptions: options.feed(),
        stream: options.grpc(),
        unverified: { wanted, confirmed, oldestAgeMs: oldestMs === null ? null : nowMs - oldestMs },
        setAside: {
          counts: Object.fromEntries(ASIDE_KINDS.map((kind) => [kind, counts.get(kind) ?? 0])),
          oldest: (await asides.list(SHOWN_MOST)).map(
            ({ kind, subject, reason, attempts, sinceMs, retryMs }) => ({
              kind,
              subject,
              reason,
              attempts,
              ageMs: nowMs - sinceMs,
              retryInMs: retryMs - nowMs,
            }),
          ),
        },
        gaps: (await checks.gaps()).map(({ address, subscriberId, sinceMs, difference }) => ({
          address,
          subscriber: subscriberId,
          ageMs: nowMs - sinceMs,
          difference: Object.fromEntries(
            Object.entries(difference).map(([name, amount]) => [name, String(amount)]),
          ),
        })),
        coverage: {
          understood: sum('understood'),
          neutral: sum('neutral'),
          unknown: sum('unknown'),
          programs: programs.map((each) => ({ ...each, name: programName(each.program) })),
        },
        unexplained: (await options.coverage.unexplained()).map((each) => ({
          address: each.address,
          subscriber: each.subscriberId,
          signature: each.signature,
          slot: each.slot,
          program: each.program,
          ageMs: nowMs - each.sinceMs,
        })),
        unreadable: (await options.unread.list(nowMs, SHOWN_MOST)).map((each) => ({
          transaction: each.signature,
          address: each.address,
          subscriber: each.subscriberId,
          slot: each.slot,
          ageMs: nowMs - each.sinceMs,
        })),
        unfollowed: (await options.unfollowed.list(SHOWN_MOST)).map((each) => ({
          address: each.address,
          subscriber: each.subscriberId,
          ageMs: nowMs - each.sinceMs,
        })),
      };
    },
  );
};
