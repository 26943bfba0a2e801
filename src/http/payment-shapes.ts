// Payment shapes: the JSON of payments, and of the transfers to creators that Bailiff did not make.
import Type from 'typebox';
import { FEE_PAYERS, PAYMENT_PURPOSES, PAYMENT_STATES } from '../core/payment.ts';
import { PAYMENT_ID_MOST } from '../core/rebuild.ts';
import { ERROR_CLASSES } from '../core/trouble.ts';
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

/**
 * The id of a payment. One that was found on chain under the id of another payment has its
 * signature behind a dot.
 */
export const PaymentIdText = Type.String({
  pattern: `^[A-Za-z0-9_.:-]{1,${PAYMENT_ID_MOST}}$`,
  description: 'an id of 1 to 160 letters, digits or any of _ . : -',
});

const PaymentState = Type.Enum([...PAYMENT_STATES]);
export const PaymentQuery = Type.Object({
  ...PeriodFields,
  subscriber: Type.Optional(IdText),
  creator: Type.Optional(IdText),
  state: Type.Optional(PaymentState),
  limit: Limit,
  before: Type.Optional(PaymentIdText),
});
export const PaymentView = Type.Object({
  id: Type.String(),
  purpose: Type.Enum([...PAYMENT_PURPOSES]),
  subscriberId: IdText,
  creatorWallet: Type.String({
    ...AddressText,
    description: 'The recipient of the oldest debt; of a swap, the agent wallet.',
  }),
  mint: AddressText,
  symbol: SymbolText,
  amount: Type.String({ ...BaseUnits, description: 'What all recipients get together.' }),
  recipients: Type.Array(
    Type.Object({
      wallet: AddressText,
      amount: BaseUnits,
      excess: Type.String({
        pattern: '^[0-9]+$',
        description: 'The part of the amount that no debt explains.',
      }),
    }),
    { description: 'What each recipient gets. The amounts add up to the amount.' },
  ),
  withdrawn: BaseUnits,
  feePayer: Type.Enum([...FEE_PAYERS]),
  tip: nullable(
    Type.Object(
      { lamports: BaseUnits, account: AddressText },
      { description: 'What the fee payer gives the sender endpoint when the payment lands.' },
    ),
  ),
  state: PaymentState,
  guard: Type.Enum(['blockhash', 'nonce'], {
    description: 'What keeps it apart from other payments of its debts.',
  }),
  cancelAsked: Type.Boolean({
    description: 'Its cancellation was asked for. The payment may have landed before.',
  }),
  signature: nullable(Type.String()),
  slot: nullable(Type.Integer()),
  trouble: nullable(
    Type.Object({
      class: Type.Enum([...ERROR_CLASSES]),
      code: TroubleCode,
      detail: Type.String(),
    }),
  ),
  excess: Type.String({
    pattern: '^[0-9]+$',
    description:
      'Of a payment that was found on chain, the part that no debt explains. It pays debts to the same recipient that are heard later, until accepted is set.',
  }),
  maybeLost: Type.Boolean({
    description:
      'Found on chain in a slot in which the ledger may have lost payments, debts and terms. While it has an excess, older debts to other recipients wait.',
  }),
  accepted: nullable(
    Type.Object({
      reason: Type.String(),
      actor: Type.String(),
      person: nullable(Type.String()),
      at: Type.String(),
    }),
  ),
  plannedAt: Type.String(),
  endedAt: nullable(Type.String()),
  shares: Type.Array(Type.Object({ share: Type.String(), amount: BaseUnits }), {
    description: 'The shares that it is for, each with its part.',
  }),
});
export const PaymentList = Type.Object({
  payments: Type.Array(PaymentView),
  ...Paged,
});
export const CreditList = Type.Object({
  credits: Type.Array(
    Type.Object({
      signature: Type.String(),
      slot: Type.Integer(),
      creatorWallet: AddressText,
      mint: AddressText,
      symbol: SymbolText,
      amount: BaseUnits,
      credited: Type.String({
        pattern: '^[0-9]+$',
        description: 'The part that discharged debts. The rest is in excess.',
      }),
      shares: Type.Array(Type.Object({ share: Type.String(), amount: BaseUnits })),
    }),
  ),
  ...Paged,
});
