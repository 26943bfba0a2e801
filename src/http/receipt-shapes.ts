// Receipt shapes: the JSON of a receipt in the description of the API. core/receipt.ts reads the
// same document.
import Type from 'typebox';
import { CLOSE_CAUSES, DIRECTIONS } from '../core/fact.ts';
import { OPEN_AT_START } from '../core/held.ts';
import { SHARE_STATUSES } from '../core/share.ts';
import { BASES, PROFITS } from '../core/terms.ts';
import { AddressText, BaseUnits, nullable } from './shapes.ts';

const Signed = Type.String({ pattern: '^-?[0-9]+$', description: 'Base units; may be negative.' });
const Slot = Type.Integer({ minimum: 0 });
const Place = { signature: Type.String(), slot: Slot, ordinal: Type.Integer({ minimum: 0 }) };
const Position = Type.Enum([...DIRECTIONS]);
const Basis = Type.Enum([...BASES]);
const Profit = Type.Enum([...PROFITS]);
const Held = Type.Array(
  Type.Object({ market: Type.Integer(), base: Signed, entry: nullable(BaseUnits) }),
);
const Tab = Type.Object(
  {
    carry: Type.String({ description: 'In ten-thousandths of a base unit.' }),
    deficit: BaseUnits,
    dealt: Type.Optional(
      Type.String({ description: 'How many units of a turn are dealt among the recipients.' }),
    ),
    counted: Type.Optional(
      Type.Object(
        { since: Slot, hurdled: BaseUnits, owed: BaseUnits },
        { description: 'What a hurdle or a cap has counted since the period began.' },
      ),
    ),
  },
  { description: 'The balance that was carried from close to close.' },
);
const Movement = Type.Object(
  {
    kind: Type.Enum(['open', 'close', 'reckoning', 'unknown']),
    ...Place,
    market: Type.Optional(Type.Integer()),
    position: Type.Optional(Position),
    base: Type.Optional(BaseUnits),
    quote: Type.Optional(nullable(Signed)),
    fee: Type.Optional(nullable(Signed)),
    baseClosed: Type.Optional(BaseUnits),
    held: Type.Optional(nullable(Held)),
    heldBefore: Type.Optional(nullable(Held)),
    afterSlot: Type.Optional(Slot),
  },
  { description: 'What opened, increased or reduced the position before the close.' },
);
const CloseBody = Type.Object(
  {
    kind: Type.Enum(['close', 'reckoning']),
    market: Type.Optional(Type.Integer()),
    side: Type.Optional(Type.Enum(['taker', 'maker'])),
    position: Type.Optional(Position),
    cause: Type.Optional(Type.Enum([...CLOSE_CAUSES])),
    baseFilled: Type.Optional(BaseUnits),
    baseClosed: Type.Optional(BaseUnits),
    proceeds: Type.Optional(Signed),
    entry: Type.Optional(Signed),
    grossPnl: Type.Optional(Signed),
    fee: Type.Optional(Signed),
    netPnl: Signed,
    fillRecordId: Type.Optional(Type.String()),
    oraclePrice: Type.Optional(Type.String()),
    counterparty: Type.Optional(nullable(AddressText)),
    afterSlot: Type.Optional(Slot),
    uptoSlot: Type.Optional(Slot),
    held: Type.Optional(nullable(Held)),
    heldBefore: Type.Optional(nullable(Held)),
  },
  { description: 'The figures of the record; of a reckoning only what account state shows.' },
);

export const ReceiptView = Type.Object(
  {
    kind: Type.Literal('bailiff.receipt'),
    version: Type.Integer(),
    genesisHash: Type.String(),
    venue: Type.String(),
    programId: AddressText,
    mint: AddressText,
    subscriber: Type.Object({
      agentWallet: AddressText,
      tokenAccount: AddressText,
      venueAccount: AddressText,
      subAccountId: Type.Integer(),
    }),
    creator: Type.Object({ wallet: AddressText, tokenAccount: AddressText }),
    subscription: Type.String(),
    share: Type.Object({
      id: Type.String(),
      termsSlot: Slot,
      recipient: Type.Integer({ description: '0: the creator; else the number of the split.' }),
      amount: BaseUnits,
      paid: BaseUnits,
      overpaid: BaseUnits,
      status: Type.Enum([...SHARE_STATUSES]),
    }),
    terms: Type.Array(
      Type.Object({
        fromSlot: Slot,
        markSlot: Slot,
        creatorWallet: AddressText,
        shareBps: Type.Integer(),
        basis: Basis,
        ended: Type.Boolean(),
        profit: Profit,
        hurdle: BaseUnits,
        capPerClose: nullable(BaseUnits),
        capPerPeriod: nullable(BaseUnits),
        periodSlots: nullable(Type.Integer()),
        freeBeforeSlot: Slot,
        splits: Type.Array(Type.Object({ wallet: AddressText, shareBps: Type.Integer() })),
      }),
    ),
    held: Type.Object({ slot: Slot, positions: Held, open: Type.Enum([...OPEN_AT_START]) }),
    movements: Type.Array(Movement),
    close: Type.Object({ ...Place, body: CloseBody }),
    parts: Type.Array(
      Type.Object({
        termsSlot: nullable(Slot),
        basis: Basis,
        shareBps: Type.Integer(),
        base: nullable(BaseUnits),
        openedSlot: nullable(Slot),
        entry: nullable(Signed),
        openingFee: Signed,
        netPnl: Signed,
        charged: BaseUnits,
        hurdled: BaseUnits,
        allowed: nullable(BaseUnits),
        amount: BaseUnits,
        before: Tab,
        after: Tab,
      }),
    ),
    payments: Type.Array(
      Type.Object({
        id: Type.String(),
        signature: Type.String(),
        slot: Slot,
        amount: BaseUnits,
        others: Type.String({
          pattern: '^[0-9]+$',
          description: 'What other recipients got by the same transaction.',
        }),
        withdrawn: nullable(BaseUnits),
        reimbursed: nullable(BaseUnits),
        covers: Type.Array(Type.Object({ share: Type.String(), amount: BaseUnits })),
      }),
    ),
    credits: Type.Array(
      Type.Object({ ...Place, account: AddressText, amount: BaseUnits, credited: BaseUnits }),
    ),
    roots: Type.Array(
      Type.Object({
        of: Type.Enum(['accrual', 'payment']),
        id: Type.String(),
        day: Type.String(),
        salt: Type.String(),
        path: Type.Array(Type.Object({ side: Type.Enum(['left', 'right']), hash: Type.String() })),
        leaves: Type.Integer(),
        previous: nullable(Type.String()),
        commitment: Type.String(),
      }),
      { description: 'The way from the close and each payment to the root of its day.' },
    ),
  },
  { description: 'For bailiff verify, or the package @bailiff/verify: see docs/receipts.md.' },
);
