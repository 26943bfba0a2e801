// Terms shapes: the JSON of subscriptions and their terms.
import Type from 'typebox';
import { SPLITS_MOST } from '../core/split.ts';
import { BASES, PROFITS } from '../core/terms.ts';
import { AddressText, BaseUnits, IdText, NewIdText, nullable } from './shapes.ts';
import { VenueText } from './subscriber-shapes.ts';

/** An amount in base units that a caller names. */
const AMOUNT = { pattern: '^(0|[1-9][0-9]{0,17})$' };

const Vault = Type.Object(
  {
    program: AddressText,
    seeds: Type.Array(
      Type.Union([
        Type.Object({ text: Type.String({ maxLength: 32 }) }, { additionalProperties: false }),
        Type.Object({ address: AddressText }, { additionalProperties: false }),
        Type.Object(
          {
            hex: Type.String({
              pattern: '^([0-9a-f]{2}){0,32}$',
              description: 'at most 32 bytes in hexadecimal, lower case.',
            }),
          },
          { additionalProperties: false },
        ),
      ]),
      { minItems: 1, maxItems: 15 },
    ),
  },
  {
    additionalProperties: false,
    description:
      'With offCurve: the program that signs for creatorWallet, and the seeds it derives it from, without the bump. Needed once per address, and only where nothing exists at it yet.',
  },
);

const NewSplit = Type.Object(
  {
    wallet: AddressText,
    shareBps: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      description: 'The part, in basis points of the profit. All parts fit into shareBps.',
    }),
    minimumPayment: Type.Optional(Type.String({ ...AMOUNT, description: 'As that of the terms.' })),
    offCurve: Type.Optional(Type.Boolean({ description: 'As that of the terms.' })),
    vault: Type.Optional(Vault),
    label: Type.Optional(
      Type.String({ minLength: 1, maxLength: 40, description: 'Such as referrer or platform.' }),
    ),
  },
  { additionalProperties: false },
);

export const NewSubscription = Type.Object(
  {
    id: NewIdText,
    venue: Type.Optional(VenueText),
    subAccountId: Type.Integer({
      minimum: 0,
      maximum: 65_535,
      description: 'The sub-account that copies the creator.',
    }),
    creatorWallet: Type.Optional(AddressText),
    shareBps: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 10_000,
        description:
          "The creator's share of realised profit, in basis points. A new subscription needs it and creatorWallet; in a change, fields that are left out stay as they were.",
      }),
    ),
    newCreator: Type.Optional(
      Type.Boolean({
        description:
          "With another creatorWallet: true when that is another creator, whose mark begins anew. As when left out it is the same creator's new wallet, and losses carried forward stay.",
      }),
    ),
    basis: Type.Optional(
      Type.Enum([...BASES], {
        description:
          'per_close, the basis of a new subscription that names none: every win counts. high_water_mark: losses are made good first.',
      }),
    ),
    minimumPayment: Type.Optional(
      Type.String({
        pattern: '^(0|[1-9][0-9]{0,17})$',
        description:
          'base units as a decimal string of at most 18 digits. Shares below this sum wait for each other, until a withdrawal is asked for; 0, as in a new subscription that names none, pays each at once.',
      }),
    ),
    profit: Type.Optional(
      Type.Enum([...PROFITS], {
        description:
          'Of which profit the share is taken. net, as in a new subscription that names none: after the fees of opening and closing. gross: before them. Funding is part of neither.',
      }),
    ),
    hurdle: Type.Optional(
      Type.String({
        ...AMOUNT,
        description:
          'Base units. Profit up to here owes nothing: of each close with per_close; once in each period, of the profits above the mark, with high_water_mark. 0: no hurdle.',
      }),
    ),
    capPerClose: Type.Optional(
      nullable(
        Type.String({
          ...AMOUNT,
          description: 'Base units. The most that one close owes; null: no cap.',
        }),
      ),
    ),
    capPerPeriod: Type.Optional(
      nullable(
        Type.String({
          ...AMOUNT,
          description: 'Base units. The most that all closes of a period owe; null: no cap.',
        }),
      ),
    ),
    periodSlots: Type.Optional(
      nullable(
        Type.Integer({
          minimum: 1,
          maximum: 9_007_199_254_740_991,
          description:
            'The length of a period in slots, counted from markSlot on; 6,480,000 are some 30 days. null: one period without end.',
        }),
      ),
    ),
    freeBeforeSlot: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 9_007_199_254_740_991,
        description: 'A close before this slot owes nothing; 0: no free period.',
      }),
    ),
    offCurve: Type.Optional(
      Type.Boolean({
        description:
          'The creator is an address without a key, such as the vault of a multisig. It must exist on chain, or vault must tell how it is derived.',
      }),
    ),
    vault: Type.Optional(Vault),
    splits: Type.Optional(
      Type.Array(NewSplit, {
        maxItems: SPLITS_MOST,
        description:
          'Parts of the share that go to other recipients; the creator gets the rest. All of them, as one list: left out, they stay as they were; an empty list ends them.',
      }),
    ),
    expiresAfterMs: Type.Optional(
      nullable(
        Type.Integer({
          minimum: 60_000,
          maximum: 9_007_199_254_740_991,
          description:
            'After how long an unpaid debt lapses; null, as in a new subscription that names none, is never.',
        }),
      ),
    ),
  },
  {
    additionalProperties: false,
    examples: [
      {
        id: 'ana-1',
        subAccountId: 0,
        creatorWallet: 'mBKqcnGotbsSb5vNrdyhzZ5EhqZdids9QYiTRckvi7v',
        shareBps: 1_000,
      },
      {
        id: 'ana-1',
        subAccountId: 0,
        shareBps: 1_500,
      },
    ],
  },
);

export const SubscriptionView = Type.Object({
  id: IdText,
  subscriberId: IdText,
  driftAccount: AddressText,
  terms: Type.Array(
    Type.Object({
      fromSlot: Type.Integer(),
      creatorWallet: AddressText,
      shareBps: Type.Integer(),
      basis: Type.Enum([...BASES]),
      minimumPayment: BaseUnits,
      profit: Type.Enum([...PROFITS]),
      hurdle: Type.String({ ...AMOUNT, description: 'Profit up to here owes nothing.' }),
      capPerClose: nullable(BaseUnits),
      capPerPeriod: nullable(BaseUnits),
      periodSlots: nullable(Type.Integer({ description: 'The length of a period; null: no end.' })),
      freeBeforeSlot: Type.Integer({ description: 'A close before this slot owes nothing.' }),
      splits: Type.Array(
        Type.Object({
          wallet: AddressText,
          shareBps: Type.Integer(),
          minimumPayment: BaseUnits,
          offCurve: Type.Boolean(),
          label: nullable(Type.String()),
        }),
        { description: 'Recipients beside the creator, who gets what they leave of shareBps.' },
      ),
      offCurve: Type.Boolean(),
      expiresAfterMs: nullable(Type.Integer()),
      ended: Type.Boolean({ description: 'Positions opened from this slot on owe nothing.' }),
      markSlot: Type.Integer({
        description: 'Where the present creator began: fromSlot of the terms that said so.',
      }),
    }),
  ),
  tabs: Type.Array(
    Type.Object({
      markSlot: Type.Integer({ description: 'Of the terms that share this tab.' }),
      carry: Type.String({ description: 'Dust, in ten-thousandths of a base unit.' }),
      deficit: Type.String({ description: 'Losses to be made good first, in base units.' }),
      countedSince: Type.Integer({
        description: 'Where the period began that hurdle and cap are counted in; 0: none is.',
      }),
      hurdled: Type.String({ description: 'Profit that the hurdle took in the period.' }),
      owed: Type.String({ description: 'What was owed in the period under a cap.' }),
    }),
  ),
});

export const SubscriptionList = Type.Object({ subscriptions: Type.Array(SubscriptionView) });
