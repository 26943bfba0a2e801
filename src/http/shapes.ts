// Shapes: the JSON of the API. Each schema is the TypeScript type, the check of input and the
// filter of output. Money is a decimal string of base units.
import Type from 'typebox';
import { CLEARANCE_PURPOSES } from '../core/clearance.ts';
import { BLOCKS } from '../core/covered.ts';
import { ACTIONS, VERDICTS } from '../core/roster.ts';
import { ROSTER_STANDINGS } from '../core/roster-entry.ts';
import { TROUBLES } from '../core/trouble.ts';
import { VENUE_NAMES } from '../core/venue-name.ts';

/** An amount in a request. It fits a Postgres bigint with room for addition. */
const AmountText = Type.String({
  pattern: '^(0|[1-9][0-9]{0,17})$',
  description: 'base units as a decimal string of at most 18 digits.',
});
/** An amount in an answer. */
export const BaseUnits = Type.String({
  pattern: '^[0-9]+$',
  description: 'Base units, as a decimal string.',
});
export const AddressText = Type.String({
  minLength: 32,
  maxLength: 44,
  description: 'Solana address, base58.',
});
export const IdText = Type.String({
  pattern: '^[A-Za-z0-9_.:-]{1,64}$',
  description: 'an id of 1 to 64 letters, digits or any of _ . : -',
});
/**
 * The id of something new. Most HTTP clients take a path segment of dots for another path, and
 * `GET /v1/gate/stream` is a route of its own, so no request could name such an id.
 */
export const NewIdText = Type.String({
  pattern: '^(?!(?:\\.{1,2}|stream)$)[A-Za-z0-9_.:-]{1,64}$',
  description: 'an id of 1 to 64 letters, digits or any of _ . : - (not ., .. or stream).',
});
/** A slot that a client names. Larger numbers are not exact. */
export const SlotGiven = (description: string) =>
  Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });
/** The number of rows in one page of a list. */
export const Limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 500, description: 'Rows of a page; 50 when left out.' }),
);
export const LIMIT_USUAL = 50;
/** The schema, or null. */
export const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** The fields of every list besides its rows. */
export const Paged = {
  next: nullable(
    Type.String({ description: 'Give it as before or after to go on; null at the end.' }),
  ),
  total: nullable(
    Type.Integer({ description: 'Rows of all pages; null above 10,000, which are not counted.' }),
  ),
};

export const GateQuery = Type.Object({
  action: Type.Optional(Type.Enum([...ACTIONS])),
});

export const GateMany = Type.Object(
  {
    subscribers: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      minItems: 1,
      maxItems: 1_000,
      description: 'Platform ids or agent wallets.',
    }),
    action: Type.Optional(Type.Enum([...ACTIONS])),
  },
  { additionalProperties: false, examples: [{ subscribers: ['ana', 'bo'], action: 'open' }] },
);
export const OwedView = Type.Object(
  { mint: AddressText, symbol: Type.String(), decimals: Type.Integer(), amount: BaseUnits },
  { description: 'An amount of one token, in its base units.' },
);
/** A token without an amount. */
export const TokenName = Type.Object(
  { mint: AddressText, symbol: Type.String(), decimals: Type.Integer() },
  { description: 'The token of the amount.' },
);
export const SymbolText = Type.String({ description: 'The symbol of the token of the amounts.' });
export const GateAnswer = Type.Object({
  verdict: Type.Enum([...VERDICTS]),
  allow: Type.Boolean(),
  reason: Type.String(),
  standing: nullable(Type.Enum([...ROSTER_STANDINGS])),
  outstanding: nullable(
    Type.String({
      pattern: '^[0-9]+$',
      description:
        'What is owed over all tokens, in base units: 0 exactly when nothing is owed. owed has it by token.',
    }),
  ),
  owed: nullable(Type.Array(OwedView)),
  evidence: nullable(
    Type.Object({
      signature: Type.String(),
      slot: Type.Integer(),
      amount: BaseUnits,
      what: Type.String(),
      owedThen: BaseUnits,
      owed: Type.Optional(Type.Array(OwedView)),
    }),
  ),
  asOfSlot: nullable(Type.Integer()),
  revision: nullable(Type.String()),
  stale: Type.Boolean(),
  failOpen: Type.Boolean({ description: 'What allow says when the verdict is unknown.' }),
  owedForMs: nullable(
    Type.Integer({
      description:
        'For how long something has been owed, in milliseconds. Time in which the subscriber could do nothing about it is left out; null while nothing counts.',
    }),
  ),
  owedForMsMost: nullable(
    Type.Integer({
      description: 'Above this nothing may be opened or increased; null for no limit.',
    }),
  ),
});
export const GateAnswers = Type.Object({
  answers: Type.Array(Type.Object({ subscriber: Type.String(), ...GateAnswer.properties })),
});

/** The code of a trouble. */
export const TroubleCode = Type.String({
  description: `Stable. ${Object.keys(TROUBLES).join(', ')}; a problem's code; or an error of the chain, such as venue_6003. The runbook says what each means.`,
});

export const NewClearance = Type.Object(
  {
    purpose: Type.Enum([...CLEARANCE_PURPOSES]),
    amount: Type.Optional(AmountText),
    venue: Type.Optional(
      Type.Enum([...VENUE_NAMES], {
        description: 'With withdraw: the venue whose quote token leaves; drift-v2 when left out.',
      }),
    ),
  },
  {
    additionalProperties: false,
    examples: [{ purpose: 'withdraw', amount: '500000000' }, { purpose: 'close' }],
  },
);
export const ClearanceAnswer = Type.Object({
  status: Type.Enum(['cleared', 'blocked']),
  id: Type.Optional(Type.String()),
  purpose: Type.Optional(Type.Enum([...CLEARANCE_PURPOSES])),
  amount: Type.Optional(BaseUnits),
  mint: Type.Optional(AddressText),
  symbol: Type.Optional(SymbolText),
  until: Type.Optional(Type.String({ description: 'ISO 8601, UTC.' })),
  code: Type.Optional(
    Type.Enum([...BLOCKS], {
      description:
        'Why it is blocked. owes: something is owed. books_behind: the database lost its last commits, and what was paid meanwhile is not known yet; reason says until when. accounts_not_followed: more sub-accounts exist than are followed. no_account: no Drift account of the subscriber exists. results_not_final: something is not read and settled yet, ask again. positions_open: close every position first. too_much: more than is settled less what earlier clearances still let out.',
    }),
  ),
  outstanding: Type.Optional(BaseUnits),
  owed: Type.Optional(Type.Array(OwedView)),
  reason: Type.Optional(
    Type.String({ description: 'For the subscriber: why not, and what to do.' }),
  ),
});

export const ClearanceList = Type.Object({
  clearances: Type.Array(
    Type.Object({
      id: Type.String(),
      purpose: Type.Enum([...CLEARANCE_PURPOSES]),
      amount: nullable(BaseUnits),
      mint: AddressText,
      grantedSlot: Type.Integer(),
      untilSlot: Type.Integer(),
      grantedAt: Type.String(),
      until: Type.String(),
      revokedAt: nullable(Type.String()),
    }),
  ),
  ...Paged,
});
/** Query of lists whose cursor is the id of a row. */
export const IdPage = Type.Object({ limit: Limit, before: Type.Optional(IdText) });
/** Query of lists whose cursor names a place on chain. */
export const PlacePage = {
  limit: Limit,
  before: Type.Optional(
    Type.String({
      pattern: '^[0-9A-Za-z.]{1,200}$',
      description: 'The next of the page before.',
    }),
  ),
};
