// Share shapes: the JSON of profit shares: the query of their list, one share, and its explanation.
import Type from 'typebox';
import { DIRECTIONS } from '../core/fact.ts';
import { SHARE_STATUSES } from '../core/share.ts';
import { ERROR_CLASSES } from '../core/trouble.ts';
import { VOIDED_BY } from '../core/voiding.ts';
import { PeriodFields } from './periods.ts';
import {
  AddressText,
  BaseUnits,
  IdText,
  Limit,
  nullable,
  Paged,
  SymbolText,
  TroubleCode,
} from './shapes.ts';

export const ShareStatus = Type.Enum([...SHARE_STATUSES]);
export const ShareQuery = Type.Object({
  ...PeriodFields,
  subscriber: Type.Optional(IdText),
  subscription: Type.Optional(IdText),
  creator: Type.Optional(IdText),
  status: Type.Optional(ShareStatus),
  limit: Limit,
  before: Type.Optional(IdText),
});
export const ShareView = Type.Object({
  id: Type.String(),
  subscriberId: IdText,
  subscriptionId: IdText,
  creatorWallet: AddressText,
  mint: AddressText,
  symbol: SymbolText,
  close: Type.Object({
    signature: nullable(
      Type.String({ description: 'Null for a debt that was brought from another system.' }),
    ),
    slot: Type.Integer({
      description: 'For a debt that was brought: the slot from which it is owed here.',
    }),
    at: nullable(Type.String({ description: 'Time of the block; null when it is not known.' })),
    netPnl: nullable(Type.String()),
    market: nullable(
      Type.Integer({ description: 'Null when only account state shows the profit.' }),
    ),
    marketName: nullable(Type.String()),
    position: nullable(Type.Enum([...DIRECTIONS])),
    base: nullable(Type.String({ description: 'Base that was closed, in 1e9.' })),
    shareBase: nullable(
      Type.String({ description: 'The part of it under the terms of the share, in 1e9.' }),
    ),
    entry: nullable(Type.String({ description: 'Quote paid or received to open base.' })),
    exit: nullable(Type.String({ description: 'Quote received or paid to close base.' })),
    closingFee: nullable(Type.String({ description: 'Of base; negative for a rebate.' })),
    openingFee: Type.String({ description: 'Of shareBase; negative for a rebate.' }),
    funding: nullable(
      Type.String({
        description:
          'Funding that shareBase was paid from its opening to the close; negative: that it paid. It is no part of netPnl. Null until the state of the account was checked after the close, and where it is not known.',
      }),
    ),
  }),
  shareBps: nullable(
    Type.Integer({ description: 'The part of the profit that this recipient gets.' }),
  ),
  recipient: Type.Integer({
    description: 'To whom it is owed: 0 the creator, else the number of the split of the terms.',
  }),
  label: nullable(Type.String({ description: 'What the terms call the split; null: no name.' })),
  brought: nullable(
    Type.Object({
      id: Type.String({ description: 'Its id in the system from which it was imported.' }),
      origin: nullable(Type.String({ description: 'What it came from there.' })),
    }),
  ),
  amount: BaseUnits,
  paid: BaseUnits,
  status: ShareStatus,
  reason: nullable(
    Type.Object({
      class: Type.Enum([...ERROR_CLASSES]),
      code: TroubleCode,
      detail: Type.String(),
      lamports: Type.Optional(
        Type.String({ pattern: '^[0-9]+$', description: 'With needs_sol: what is lacking.' }),
      ),
    }),
  ),
  attempts: Type.Integer(),
  retryAt: nullable(Type.String()),
  paidBy: Type.Array(Type.String({ description: 'Signature of a payment by Bailiff.' })),
  credited: Type.String({
    pattern: '^[0-9]+$',
    description: 'The part of paid that transfers by others than Bailiff paid.',
  }),
  creditedBy: Type.Array(Type.String({ description: 'Signature of such a transfer.' })),
  observed: Type.Boolean({
    description: 'Booked while only observing: never paid until it is adopted.',
  }),
  voided: nullable(
    Type.Object(
      {
        by: Type.Enum([...VOIDED_BY]),
        actor: Type.String({
          description:
            'As in the audit: the id of an API key, configured, anyone, command; or terms.',
        }),
        person: nullable(Type.String({ description: 'The person that the request named.' })),
        at: Type.String({ description: 'ISO 8601, UTC.' }),
        reason: Type.String(),
      },
      { description: 'Of a voided share: who ended it unpaid, when and why.' },
    ),
  ),
});
export const Explanation = Type.Object({
  share: Type.String(),
  sentence: Type.String(),
  steps: Type.Array(
    Type.Object({
      name: Type.String(),
      value: Type.String({ description: 'Base units, unless the formula says otherwise.' }),
      formula: Type.String({ description: 'Where the value was read, or how it was computed.' }),
    }),
  ),
});
export const ShareList = Type.Object({
  shares: Type.Array(ShareView),
  ...Paged,
});
