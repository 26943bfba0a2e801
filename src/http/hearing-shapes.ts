// Hearing shapes: the bodies of the routes of hearing.
import Type from 'typebox';
import { ASIDE_KINDS } from '../core/hearing-ports.ts';
import { Reason } from './operator-shapes.ts';
import { BaseUnits, IdText, SlotGiven, TokenName } from './shapes.ts';

const Count = Type.Integer({ minimum: 0 });
const Maybe = Type.Union([Type.Integer(), Type.Null()]);
const Amount = Type.String({ pattern: '^-?\\d+$' });
export const Answer = Type.Object({
  sources: Type.Record(Type.String(), Type.Object({ lastSlot: Maybe, ageMs: Maybe })),
  subscriptions: Type.Union([
    Type.Object({ sockets: Count, accounts: Count, subscribed: Count }),
    Type.Null(),
  ]),
  stream: Type.Union(
    [Type.Object({ streams: Count, accounts: Count, subscribed: Count, gaps: Count }), Type.Null()],
    {
      description:
        'The gRPC streams; null where that source is off. gaps: how often a provider did not replay what was missed.',
    },
  ),
  unverified: Type.Object({ wanted: Count, confirmed: Count, oldestAgeMs: Maybe }),
  setAside: Type.Object(
    {
      counts: Type.Record(Type.Union(ASIDE_KINDS.map((kind) => Type.Literal(kind))), Count),
      oldest: Type.Array(
        Type.Object({
          kind: Type.Union(ASIDE_KINDS.map((kind) => Type.Literal(kind))),
          subject: Type.String(),
          reason: Type.String(),
          attempts: Count,
          ageMs: Type.Integer(),
          retryInMs: Type.Integer(),
        }),
      ),
    },
    {
      description: 'The hundred oldest items that cannot be read for now. Each is tried again.',
    },
  ),
  gaps: Type.Array(
    Type.Object({
      address: Type.String(),
      subscriber: Type.String(),
      ageMs: Type.Integer(),
      difference: Type.Record(Type.String(), Amount),
    }),
  ),
  coverage: Type.Object(
    {
      understood: Count,
      neutral: Count,
      unknown: Count,
      programs: Type.Array(
        Type.Object({
          program: Type.String(),
          name: Type.String(),
          understood: Count,
          neutral: Count,
          unknown: Count,
        }),
      ),
    },
    {
      description:
        'Instructions of finalized transactions that were given an account of a subscriber, since the ledger began.',
    },
  ),
  unexplained: Type.Array(
    Type.Object({
      address: Type.String(),
      subscriber: Type.String(),
      signature: Type.String(),
      slot: Type.Integer(),
      program: Type.String(),
      ageMs: Type.Integer(),
    }),
    {
      description:
        'Instructions that this release does not know; the gate of these subscribers is unknown until the state of the account was checked after them.',
    },
  ),
  unreadable: Type.Array(
    Type.Object({
      transaction: Type.String(),
      address: Type.String(),
      subscriber: Type.String(),
      slot: Type.Integer(),
      ageMs: Type.Integer(),
    }),
    {
      description:
        'Transactions that a finalized history names and that no node has given for a quarter of an hour, by account, the hundred oldest. The gate of these subscribers is unknown until state or balances show that nothing is missing, or a person accepts the transaction.',
    },
  ),
  unfollowed: Type.Array(
    Type.Object({ address: Type.String(), subscriber: Type.String(), ageMs: Type.Integer() }),
    {
      description:
        'Token accounts beyond those that are followed, and the counter accounts of sub-accounts beyond those, the hundred oldest. The gate of these subscribers is unknown.',
    },
  ),
});

export const Rescan = Type.Object(
  {
    address: Type.String({ minLength: 32, maxLength: 44, description: 'A watched account.' }),
    fromSlot: SlotGiven('The first slot to read again.'),
  },
  {
    additionalProperties: false,
    examples: [{ address: '7v54NWdBtkjuAFJrLGsS2SXnuk8nKam81mZJeeYxVFi9', fromSlot: 300000000 }],
  },
);

export const Acceptance = Type.Object(
  {
    address: Type.Optional(
      Type.String({
        minLength: 32,
        maxLength: 44,
        description: 'An account with a gap, or a token account that is not followed.',
      }),
    ),
    transaction: Type.Optional(
      Type.String({
        minLength: 64,
        maxLength: 88,
        description: 'The signature of a transaction that no node gives. Give this or address.',
      }),
    ),
    ...Reason.properties,
  },
  {
    additionalProperties: false,
    examples: [
      { address: '7v54NWdBtkjuAFJrLGsS2SXnuk8nKam81mZJeeYxVFi9', reason: 'A referral reward.' },
    ],
  },
);

export const SuspicionList = Type.Object({
  suspicions: Type.Array(
    Type.Object({
      subscriber: Type.String(),
      amount: BaseUnits,
      token: TokenName,
      notices: Count,
      kinds: Type.Array(Type.String()),
      signature: Type.String({ description: 'Of the latest notice.' }),
      slot: Type.Integer(),
    }),
  ),
});
export const Review = Type.Object(
  { subscriber: IdText, ...Reason.properties },
  {
    additionalProperties: false,
    examples: [{ subscriber: 'ana', reason: 'A market that moved; looked at the fills.' }],
  },
);
