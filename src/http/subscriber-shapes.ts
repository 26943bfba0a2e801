// Subscriber shapes: the JSON of subscribers, their accounts, facts and subscriptions.
import Type from 'typebox';
import { SIGNER_SERVICES } from '../core/service-key.ts';
import { BASES, PROFITS } from '../core/terms.ts';
import { VENUE_NAMES } from '../core/venue.ts';
import { AgentSigner, SecretKeyText } from './key-shapes.ts';
import { PeriodFields } from './periods.ts';
import {
  AddressText,
  BaseUnits,
  IdText,
  Limit,
  NewIdText,
  nullable,
  Paged,
  PlacePage,
} from './shapes.ts';

/** An amount in base units that a caller names. */
const AMOUNT = { pattern: '^(0|[1-9][0-9]{0,17})$' };
const VenueName = Type.Enum([...VENUE_NAMES]);
export const VenueText = Type.Enum([...VENUE_NAMES], {
  description: 'The venue that is meant; drift-v2 when left out, else the one that is served.',
});

export const NewSubscriber = Type.Object(
  {
    id: NewIdText,
    agentWallet: AddressText,
    agentSecretKey: Type.Optional(SecretKeyText),
    agentSigner: Type.Optional(AgentSigner),
    venue: Type.Optional(VenueText),
    subAccountIds: Type.Array(Type.Integer({ minimum: 0, maximum: 65_535 }), {
      minItems: 1,
      maxItems: 64,
      uniqueItems: true,
    }),
  },
  {
    additionalProperties: false,
    examples: [
      {
        id: 'ana',
        agentWallet: '7v54NWdBtkjuAFJrLGsS2SXnuk8nKam81mZJeeYxVFi9',
        subAccountIds: [0],
      },
    ],
  },
);

export const SubscriberView = Type.Object({
  id: IdText,
  agentWallet: AddressText,
  agentTokenAccount: AddressText,
  hasKey: Type.Boolean(),
  keyService: Type.Optional(
    Type.Enum([...SIGNER_SERVICES], {
      description: 'The service that keeps the key; absent when Bailiff holds it, sealed.',
    }),
  ),
  retiredAt: nullable(Type.String()),
  driftAccounts: Type.Array(
    Type.Object({ address: AddressText, subAccountId: Type.Integer(), venue: VenueName }),
  ),
});

export const SubscriberQuery = Type.Object({
  ...PeriodFields,
  limit: Limit,
  after: Type.Optional(IdText),
});

export const SubscriberList = Type.Object({
  subscribers: Type.Array(SubscriberView),
  ...Paged,
});

export const AccountList = Type.Object({
  accounts: Type.Array(
    Type.Object({
      address: AddressText,
      role: Type.Enum(['drift_user', 'agent_wallet', 'agent_token_account']),
      subAccountId: nullable(Type.Integer()),
      scannedSlot: Type.Integer({ description: 'The slot up to which its history was scanned.' }),
      checkedSlot: nullable(
        Type.Integer({ description: 'The slot up to which its state agreed with its facts.' }),
      ),
      hasGap: Type.Boolean({
        description: 'Its state differs from its facts in a way that no fact explains.',
      }),
    }),
  ),
});

const FactKind = Type.Enum(['open', 'close', 'outflow', 'tally', 'unknown', 'reckoning', 'notice']);

export const FactQuery = Type.Object({
  kind: Type.Optional(FactKind),
  ...PlacePage,
});

export const FactList = Type.Object({
  facts: Type.Array(
    Type.Object({
      kind: FactKind,
      account: AddressText,
      signature: Type.String(),
      slot: Type.Integer(),
      blockIndex: nullable(Type.Integer()),
      ordinal: Type.Integer(),
      finality: Type.Enum(['confirmed', 'finalized', 'withdrawn']),
      body: Type.Unknown({ description: 'By kind, amounts as decimal strings: docs/hearing.md.' }),
    }),
  ),
  ...Paged,
});

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
