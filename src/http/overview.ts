// Overview: the route with the sums that an operator sees first.
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import type { Address } from '../core/ids.ts';
import type { ListedPayment } from '../core/listed-payment.ts';
import type { Lamports } from '../core/money.ts';
import { AGES, type OverviewBook } from '../core/overview-ports.ts';
import { isoTime } from '../core/time.ts';
import { AddressText, BaseUnits, nullable, SymbolText } from './shapes.ts';
import { ShareStatus } from './share-shapes.ts';

export type OverviewOptions = {
  readonly book: OverviewBook;
  /** The payments with an excess that no person has accepted, the oldest first. */
  readonly unexplained: (limit: number) => Promise<readonly ListedPayment[]>;
  /** The sponsor and its lamports; null without one. */
  readonly sponsor: () => Promise<{
    readonly address: Address;
    readonly lamports: Lamports;
  } | null>;
};

const Count = Type.Integer({ minimum: 0 });
const Amount = { symbol: SymbolText, decimals: Type.Integer() };
const OverviewView = Type.Object({
  ages: Type.Array(Type.String(), { description: 'The names of the ages of debts.' }),
  debts: Type.Array(
    Type.Object({
      ...Amount,
      status: ShareStatus,
      reason: nullable(Type.String({ description: 'Why they wait; null when they are due.' })),
      observed: Type.Boolean(),
      age: Type.Integer({ description: 'An index into ages.' }),
      debts: Count,
      left: BaseUnits,
    }),
    { description: 'Open debts, the largest sums first.' },
  ),
  flights: Type.Array(
    Type.Object({
      ...Amount,
      payment: Type.String(),
      subscriber: Type.String(),
      creatorWallet: AddressText,
      recipients: Type.Integer({ description: 'How many recipients the payment pays.' }),
      amount: BaseUnits,
      state: Type.String(),
      signature: nullable(Type.String()),
      plannedAt: Type.String(),
      trouble: nullable(Type.String()),
    }),
    { description: 'Payments that have not ended, the hundred oldest.' },
  ),
  hours: Type.Array(
    Type.Object({
      at: Type.String(),
      payments: Count,
      medianMs: nullable(Type.Integer({ description: 'From close to final payment.' })),
    }),
    { description: 'Payments that landed in the last 24 hours, by hour.' },
  ),
  standings: Type.Record(Type.String(), Count),
  delinquent: Type.Array(Type.Object({ subscriber: Type.String(), reason: Type.String() })),
  waiting: Type.Object(
    { failedDebts: Count, unexplainedPayments: Count, lostActs: Count, disabledEndpoints: Count },
    { description: 'What only a person can decide.' },
  ),
  excesses: Type.Array(
    Type.Object({
      ...Amount,
      payment: Type.String(),
      subscriber: Type.String(),
      wallets: Type.Array(AddressText, { description: 'The recipients of the excess.' }),
      amount: BaseUnits,
      excess: Type.String({ description: 'The part of the amount that no debt explains.' }),
      signature: nullable(Type.String()),
      slot: nullable(Type.Integer()),
    }),
    { description: 'Payments with an excess that no person has accepted, the 20 oldest.' },
  ),
  sponsor: nullable(
    Type.Object({
      address: AddressText,
      lamports: BaseUnits,
      spentInAWeek: BaseUnits,
      daysLeft: nullable(
        Type.Integer({ description: 'At the spending of the last seven days; null without any.' }),
      ),
    }),
  ),
});

const DAYS_A_WEEK = 7n;
const EXCESSES_MOST = 20;

const excessView = (each: ListedPayment) => ({
  symbol: each.token.symbol,
  decimals: each.token.decimals,
  payment: each.id,
  subscriber: each.subscriberId,
  wallets: each.recipients.flatMap(({ wallet, excess }) => (excess > 0n ? [wallet] : [])),
  amount: String(each.amount),
  excess: String(each.excess),
  signature: each.signature,
  slot: each.slot,
});

/** The route of the overview. */
export const overviewRoutes: FastifyPluginAsync<OverviewOptions> = async (
  app,
  { book, unexplained, sponsor },
) => {
  app.get(
    '/v1/overview',
    { config: { scope: 'operator' }, schema: { response: { 200: OverviewView } } },
    async (): Promise<Static<typeof OverviewView>> => {
      const [found, excesses, payer] = await Promise.all([
        book.read(),
        unexplained(EXCESSES_MOST),
        sponsor(),
      ]);
      const spent = payer === null ? 0n : await book.spentInAWeek(payer.address);
      return {
        ages: AGES.map((each) => each.name),
        debts: found.debts.map(({ token: { symbol, decimals }, left, ...each }) => ({
          ...each,
          symbol,
          decimals,
          left: String(left),
          status: each.status,
        })),
        flights: found.flights.map(({ token: { symbol, decimals }, ...each }) => ({
          symbol,
          decimals,
          payment: each.id,
          subscriber: each.subscriberId,
          creatorWallet: each.creatorWallet,
          recipients: each.recipients,
          amount: String(each.amount),
          state: each.state,
          signature: each.signature,
          plannedAt: isoTime(each.plannedAtMs),
          trouble: each.trouble,
        })),
        hours: found.hours.map(({ atMs, ...each }) => ({ at: isoTime(atMs), ...each })),
        standings: { ...found.standings },
        delinquent: found.delinquent.map(({ subscriberId, reason }) => ({
          subscriber: subscriberId,
          reason,
        })),
        waiting: { ...found.waiting },
        excesses: excesses.map(excessView),
        sponsor:
          payer === null
            ? null
            : {
                address: payer.address,
                lamports: String(payer.lamports),
                spentInAWeek: String(spent),
                daysLeft: spent === 0n ? null : Number((payer.lamports * DAYS_A_WEEK) / spent),
              },
      };
    },
  );
};
