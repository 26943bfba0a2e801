// Shares: the routes of debts: how much subscribers owe creators, why a debt is not paid, and how
// its amount was computed.
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import { explanationOf } from '../core/explain.ts';
import { Fault } from '../core/fault.ts';
import type { Ledger } from '../core/ports.ts';
import type { ProfitShare } from '../core/profit-share.ts';
import { notRetriedBecause } from '../core/share.ts';
import type { ShareDetails, ShareTrade, Statements } from '../core/statement-ports.ts';
import { isoTime } from '../core/time.ts';
import type { Trouble } from '../core/trouble.ts';
import type { Voided } from '../core/voiding.ts';
import type { Listing } from '../flows/lists.ts';
import { periodOf } from './periods.ts';
import { IdText, LIMIT_USUAL } from './shapes.ts';
import { Explanation, ShareList, ShareQuery, ShareView } from './share-shapes.ts';

export type ShareOptions = {
  readonly ledger: Ledger;
  readonly listing: Listing;
  /** Wakes the subscriber's lane. */
  readonly nudge: (subscriberId: string) => void;
  readonly statements: Pick<Statements, 'shares'>;
  /** The name of the market of a trade; null when this release does not know it. */
  readonly marketName: (trade: Pick<ShareTrade, 'venue' | 'market'>) => string | null;
};

const Id = Type.Object({ id: IdText });

/** The ledger's JSON holds lamports as text, and the answer keeps them as text. */
const reasonView = ({
  lamports,
  ...reason
}: Trouble): NonNullable<Static<typeof ShareView>['reason']> =>
  lamports === undefined ? reason : { ...reason, lamports: String(lamports) };

const voidedView = ({
  atMs,
  ...voided
}: Voided): NonNullable<Static<typeof ShareView>['voided']> => ({
  ...voided,
  at: isoTime(atMs),
});

function shareView(
  share: ProfitShare,
  details: ShareDetails | undefined,
  { marketName }: Pick<ShareOptions, 'marketName'>,
): Static<typeof ShareView> {
  const { closedAtMs = null, trade = null, base = null, funding = null } = details ?? {};
  return {
    id: share.id,
    subscriberId: share.subscriberId,
    subscriptionId: share.subscriptionId,
    creatorWallet: share.creatorWallet,
    mint: share.token.mint,
    symbol: share.token.symbol,
    close: {
      signature: share.signature,
      slot: share.slot,
      at: closedAtMs === null ? null : isoTime(closedAtMs),
      netPnl: share.netPnl?.toString() ?? null,
      market: trade?.market ?? null,
      marketName: trade === null ? null : marketName(trade),
      position: trade?.position ?? null,
      base: trade?.base.toString() ?? null,
      shareBase: base?.toString() ?? null,
      entry: trade?.entry.toString() ?? null,
      exit: trade?.exit.toString() ?? null,
      closingFee: trade?.closingFee.toString() ?? null,
      openingFee: (details?.openingFee ?? 0n).toString(),
      funding: funding?.toString() ?? null,
    },
    shareBps: share.shareBps,
    recipient: share.recipient,
    label: share.label,
    brought: share.brought === null ? null : { id: share.brought.id, origin: share.brought.origin },
    amount: share.amount.toString(),
    paid: share.paid.toString(),
    status: share.status,
    reason: share.reason === null ? null : reasonView(share.reason),
    attempts: share.attempts,
    retryAt: share.retryAtMs === null ? null : isoTime(share.retryAtMs),
    paidBy: [...share.paidBy],
    credited: share.credited.toString(),
    creditedBy: [...share.creditedBy],
    observed: share.observed,
    voided: share.voided === null ? null : voidedView(share.voided),
  };
}

/** The routes of profit shares. */
export const shareRoutes: FastifyPluginAsync<ShareOptions> = async (app, options) => {
  const { ledger, listing, nudge, statements } = options;
  const viewsOf = async (shares: readonly ProfitShare[]): Promise<Static<typeof ShareView>[]> => {
    const details = await statements.shares(shares.map((each) => each.id));
    return shares.map((each) => shareView(each, details.get(each.id), options));
  };
  const viewOf = async (share: ProfitShare): Promise<Static<typeof ShareView>> => {
    const details = await statements.shares([share.id]);
    return shareView(share, details.get(share.id), options);
  };
  app.get<{ Querystring: Static<typeof ShareQuery> }>(
    '/v1/shares',
    {
      config: { scope: 'platform:write' },
      schema: { querystring: ShareQuery, response: { 200: ShareList } },
    },
    async (request) => {
      const { limit = LIMIT_USUAL, before, status, ...named } = request.query;
      const filter = {
        subscriberId: named.subscriber,
        subscriptionId: named.subscription,
        creatorWallet: named.creator,
        status,
        ...periodOf(request.query),
      };
      const { rows, ...paged } = await listing.page('shares', filter, { limit, cursor: before });
      return { shares: await viewsOf(rows), ...paged };
    },
  );
  app.get<{ Params: { id: string } }>(
    '/v1/shares/:id',
    {
      config: { scope: 'platform:write' },
      schema: {
        params: Id,
        response: { 200: ShareView },
      },
    },
    async (request) => {
      const found = await ledger.shares.find(request.params.id);
      if (found === null)
        throw new Fault('not_found', `There is no profit share ${request.params.id}.`);
      return viewOf(found);
    },
  );
  app.get<{ Params: { id: string } }>(
    '/v1/shares/:id/explanation',
    { config: { scope: 'platform:write' }, schema: { params: Id, response: { 200: Explanation } } },
    async (request) => {
      const { id } = request.params;
      const explained = await explanationOf(ledger.shares, id);
      if (explained === null) throw new Fault('not_found', `There is no profit share ${id}.`);
      const { sentence, steps } = explained;
      return { share: id, sentence, steps: steps.map((each) => ({ ...each })) };
    },
  );
  app.post<{ Params: { id: string } }>(
    '/v1/shares/:id/retry',
    {
      config: { scope: 'operator' },
      schema: {
        params: Id,
        response: { 200: ShareView },
      },
    },
    async (request) => {
      const { id } = request.params;
      const known = await ledger.shares.find(id);
      if (known === null) throw new Fault('not_found', `There is no profit share ${id}.`);
      if (!(await ledger.shares.retry(id))) {
        throw new Fault('conflict', notRetriedBecause(known));
      }
      nudge(known.subscriberId);
      return viewOf((await ledger.shares.find(id)) ?? known);
    },
  );
};
