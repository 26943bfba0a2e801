// Subscriber shapes: the JSON of subscribers, their accounts and facts.
import Type from 'typebox';
import { FACT_KINDS, FINALITIES } from '../core/fact.ts';
import { SIGNER_SERVICES } from '../core/service-key.ts';
import { VENUE_NAMES } from '../core/venue-name.ts';
import { WATCH_ROLES } from '../core/watch-ports.ts';
import { AgentSigner, SecretKeyText } from './key-shapes.ts';
import { PeriodFields } from './periods.ts';
import { AddressText, IdText, Limit, NewIdText, nullable, Paged, PlacePage } from './shapes.ts';

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
      role: Type.Enum([...WATCH_ROLES]),
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

const FactKind = Type.Enum([...FACT_KINDS]);

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
      finality: Type.Enum([...FINALITIES]),
      body: Type.Unknown({ description: 'By kind, amounts as decimal strings: docs/hearing.md.' }),
    }),
  ),
  ...Paged,
});
