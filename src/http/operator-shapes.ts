// Operator shapes: the JSON of operators' requests: halts, reasons, adoptions.
import Type from 'typebox';
import { AddressText, BaseUnits, SlotGiven, SymbolText } from './shapes.ts';

/**
 * One line without control characters: commands print it to a terminal, which would obey control
 * characters, and marks of writing direction would show another text than the recorded one.
 */
const PLAIN_LINE =
  '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]*$';

export const Reason = Type.Object(
  {
    reason: Type.String({
      minLength: 3,
      maxLength: 500,
      pattern: PLAIN_LINE,
      description:
        'why, on one line of 3 to 500 characters without control characters; it goes on record.',
    }),
  },
  { additionalProperties: false, examples: [{ reason: 'Agreed with the creator.' }] },
);
export const ScopeText = Type.String({
  pattern: '^(all|creator:[1-9A-HJ-NP-Za-km-z]{32,44}|subscriber:[A-Za-z0-9_.:-]{1,64})$',
  description: 'all, creator:WALLET or subscriber:ID.',
});
export const Halt = Type.Object(
  {
    scope: ScopeText,
    ...Reason.properties,
  },
  { additionalProperties: false, examples: [{ scope: 'subscriber:ana', reason: 'A drill.' }] },
);
export const HaltList = Type.Object({
  halts: Type.Array(
    Type.Object({ scope: Type.String(), reason: Type.String(), since: Type.String() }),
  ),
});
export const Cancelling = Type.Object(
  {
    payment: Type.String({
      description:
        'The payment on its way for this debt. It is being cancelled, and the debt is voided once that payment can never land. If it has landed before, the debt is paid.',
    }),
  },
  { description: 'A payment of the debt is being cancelled first.' },
);
export const Adoption = Type.Object(
  {
    fromSlot: SlotGiven(
      'Debts of closes in this slot and later become payable; earlier ones stay observed.',
    ),
    ...Reason.properties,
  },
  { additionalProperties: false, examples: [{ fromSlot: 300000000, reason: 'Cut-over.' }] },
);
export const Adopted = Type.Object({
  adopted: Type.Integer({ description: 'How many debts; 0 when asked again.' }),
  left: BaseUnits,
  waiting: Type.Array(Type.Object({ subscriberId: Type.String(), reason: Type.String() }), {
    description:
      'Subscribers whose debts stay observed, because the ledger does not agree with the chain yet, or the chain does not tell. Ask again later.',
  }),
});

const units = (description: string) => Type.String({ ...BaseUnits, description });
/** The five sums into which the debts to a creator are divided. */
const EARNED = {
  owed: units('Debts, or parts of them, that no payment on its way covers.'),
  inFlight: units('What payments cover that are planned, signed or sent.'),
  paid: units('What payments and transfers of others have paid.'),
  voided: units('What was left of debts that ended unpaid.'),
  observed: units('Debts that were booked in mode observe and are not adopted yet.'),
};

export const EarningsView = Type.Object({
  creatorWallet: AddressText,
  mint: AddressText,
  symbol: SymbolText,
  ...EARNED,
  accrued: Type.String({ description: 'The sum of the five.' }),
  tokens: Type.Array(
    Type.Object({
      mint: AddressText,
      symbol: SymbolText,
      decimals: Type.Integer(),
      ...EARNED,
      accrued: BaseUnits,
    }),
    {
      description:
        'The same for each token in which anything ever accrued. The fields beside this list are those of the first venue that the daemon serves.',
    },
  ),
});
