// Closes: the route that lists every close of a subscriber with its share, or with the reason why
// nothing is owed.
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import { CLOSE_CAUSES, COMMITMENTS, DIRECTIONS } from '../core/fact.ts';
import {
  NOTHING_OWED,
  type PartShare as OwedShare,
  outcomeOf,
  type RecordedClose,
} from '../core/outcome.ts';
import { BASES, PROFITS } from '../core/terms.ts';
import type { Listing } from '../flows/lists.ts';
import { PeriodFields, periodOf } from './periods.ts';
import {
  AddressText,
  BaseUnits,
  IdText,
  LIMIT_USUAL,
  nullable,
  Paged,
  PlacePage,
} from './shapes.ts';
import { ShareStatus } from './share-shapes.ts';

const Id = Type.Object({ id: IdText });
const CloseQuery = Type.Object({ ...PlacePage, ...PeriodFields });
const Reason = nullable(
  Type.Enum([...NOTHING_OWED], {
    description:
      'Why nothing is owed; null when something is. not_final, gap, not_checked and not_booked pass; the others stay.',
  }),
);
const Signed = Type.String({
  pattern: '^-?[0-9]+$',
  description: 'Base units; negative for a loss.',
});
const PartShare = Type.Object({
  id: Type.String(),
  recipient: Type.Integer({ description: '0: the creator; else the number of the split.' }),
  creatorWallet: AddressText,
  amount: BaseUnits,
  paid: BaseUnits,
  status: ShareStatus,
  observed: Type.Boolean(),
});
const CloseList = Type.Object({
  closes: Type.Array(
    Type.Object({
      kind: Type.Enum(['close', 'reckoning'], {
        description: 'reckoning: profit that account state proves and no record tells.',
      }),
      account: AddressText,
      signature: Type.String(),
      slot: Type.Integer(),
      ordinal: Type.Integer(),
      finality: Type.Enum([...COMMITMENTS]),
      market: nullable(Type.Integer({ description: 'Perp market; null for a reckoning.' })),
      position: nullable(Type.Enum([...DIRECTIONS])),
      cause: nullable(Type.Enum([...CLOSE_CAUSES])),
      netPnl: Type.String({
        pattern: '^-?[0-9]+$',
        description:
          'Base units, by the venue: the fee of the close deducted, fees of opening not.',
      }),
      subscription: nullable(IdText),
      amount: Type.String({
        pattern: '^[0-9]+$',
        description: 'How much the close makes owed, in base units.',
      }),
      reason: Reason,
      sentence: Type.String({ description: 'The answer, for people.' }),
      parts: Type.Array(
        Type.Object({
          termsSlot: nullable(Type.Integer({ description: 'Where its terms began; null: none.' })),
          openedSlot: nullable(Type.Integer()),
          base: nullable(Type.String({ description: 'In 1e9; null for the whole.' })),
          basis: Type.Enum([...BASES]),
          shareBps: Type.Integer(),
          netPnl: Signed,
          profit: Type.Enum([...PROFITS], {
            description: 'Of which profit the terms take a share: after fees, or before them.',
          }),
          fees: Type.String({
            pattern: '^-?[0-9]+$',
            description: 'Base units that netPnl is net of; negative for a rebate.',
          }),
          charged: BaseUnits,
          hurdled: Type.String({
            pattern: '^[0-9]+$',
            description: 'The part of the profit that the hurdle took, in base units.',
          }),
          allowed: nullable(
            Type.String({
              pattern: '^[0-9]+$',
              description:
                'The most that the terms let it owe: 0 in the free period or when a cap is reached; null without a cap.',
            }),
          ),
          amount: BaseUnits,
          deficitBefore: BaseUnits,
          deficitAfter: BaseUnits,
          share: nullable(PartShare),
          shares: Type.Array(PartShare, {
            description: 'One for each recipient; share is the first of them.',
          }),
          reason: Reason,
          sentence: Type.String(),
        }),
        { description: 'By terms under which the parts were opened; empty until it is booked.' },
      ),
    }),
  ),
  ...Paged,
});

const partShareView = (share: OwedShare): Static<typeof PartShare> => ({
  ...share,
  amount: String(share.amount),
  paid: String(share.paid),
  status: share.status as Static<typeof ShareStatus>,
});

function closeView(close: RecordedClose): Static<typeof CloseList>['closes'][number] {
  const { body, subscriptionId } = close;
  const { parts, amount, reason, sentence } = outcomeOf(close);
  const told = body.kind === 'close' ? body : null;
  return {
    kind: body.kind,
    account: close.account,
    signature: close.signature,
    slot: close.slot,
    ordinal: close.ordinal,
    finality: close.final ? 'finalized' : 'confirmed',
    market: told?.market ?? null,
    position: told?.position ?? null,
    cause: told?.cause ?? null,
    netPnl: String(body.netPnl),
    subscription: subscriptionId,
    amount: String(amount),
    reason,
    sentence,
    parts: parts.map(({ shares, ...part }) => ({
      termsSlot: part.termsSlot,
      openedSlot: part.openedSlot,
      base: part.base === null ? null : String(part.base),
      basis: part.basis,
      shareBps: part.shareBps,
      netPnl: String(part.netPnl),
      profit: part.profit,
      fees: String(part.fees),
      charged: String(part.charged),
      hurdled: String(part.hurdled),
      allowed: part.allowed === null ? null : String(part.allowed),
      amount: String(part.amount),
      deficitBefore: String(part.deficitBefore),
      deficitAfter: String(part.deficitAfter),
      share: shares.map(partShareView)[0] ?? null,
      shares: shares.map(partShareView),
      reason: part.reason,
      sentence: part.sentence,
    })),
  };
}

/** The route of closes. */
export const closeRoutes: FastifyPluginAsync<{
  readonly listing: Listing;
}> = async (app, { listing }) => {
  app.get<{ Params: Static<typeof Id>; Querystring: Static<typeof CloseQuery> }>(
    '/v1/subscribers/:id/closes',
    {
      config: { scope: 'platform:write' },
      schema: { params: Id, querystring: CloseQuery, response: { 200: CloseList } },
    },
    async ({ params, query }) => {
      const { limit = LIMIT_USUAL, before } = query;
      const page = { limit, cursor: before };
      const { rows, ...paged } = await listing.page(
        'closes',
        { subscriberId: params.id, ...periodOf(query) },
        page,
      );
      return { closes: rows.map(closeView), ...paged };
    },
  );
};
