// Errors: what every error that settle, withdraw and transfer can end in means for the debt. Keyed by the program of
// the failing instruction and the code, because the same number means different things in different programs.
import type { Address } from '../core/ids.ts';
import type { ErrorClass, Trouble } from '../core/payment.ts';
import { PROGRAM_ID } from './profile.ts';

type Say = (code: number) => string;
const span = (...codes: number[]): readonly number[] => codes;

/** Venue codes by class, every one that settle, withdraw and transfer can end in. One that is in no list is the operator's. */
const VENUE: readonly (readonly [ErrorClass, readonly number[]])[] = [
  [
    'retry_soon',
    span(6096, 6261, 6262, 6263, 6264, 6265, 6266, 6035, 6023, 6021, 6202, 6091, 6123, 6259, 6010),
  ],
  [
    'retry_when_healthier',
    span(6003, 6095, 6117, 6118, 6128, 6092, 6173, 6268, 6260, 6180, 6153, 6157, 6254),
  ],
  ['venue_paused', span(101, 6024, 6149, 6158, 6146, 6148, 6213, 6250)],
  ['permanent', span(6125, 6007, 6151, 6150, 6164, 6161, 6162, 6234)],
  [
    'operator',
    span(
      6093,
      6022,
      6036,
      6077,
      6078,
      6079,
      6080,
      6081,
      6086,
      6087,
      6088,
      6089,
      6090,
      6083,
      6084,
      6065,
      6201,
      6302,
      6242,
      6282,
      6324,
      6322,
      6216,
      6041,
      6223,
      6255,
      6129,
      6019,
      6020,
      6172,
      // Anchor's own: constraints, wrong programs, signers and accounts.
      2001,
      2003,
      2006,
      2012,
      2014,
      2015,
      3007,
      3008,
      3010,
      3012,
    ),
  ],
];

/** The codes that the table names; every other is the operator's as well. */
export const LISTED: ReadonlySet<number> = new Set(VENUE.flatMap(([, codes]) => codes));

const TOKEN: Readonly<Record<number, readonly [ErrorClass, string]>> = {
  1: [
    'retry_when_healthier',
    'The token account holds less than the transfer needs; a clamped withdrawal ends so.',
  ],
  3: ['operator', 'The token account is of another mint.'],
  4: ['operator', 'The token account has another owner.'],
  17: ['permanent', 'The token account is frozen by its issuer.'],
};

const SENTENCE: Readonly<Record<ErrorClass, string>> = {
  retry_soon: 'Passing trouble; it is tried again in seconds.',
  retry_when_healthier:
    'The account or a pool cannot give the money up now; it is tried again on schedule.',
  venue_paused:
    'The venue has paused this operation; it is tried again on schedule and uses up no attempts.',
  needs_sol: 'SOL for fees is missing.',
  needs_authorisation: 'The agent key is missing.',
  books_behind: 'The books lack payments that the chain shows.',
  accumulating: 'Too small to be paid by itself, by the terms of the subscription.',
  operator: 'This points at set-up or at a fault of ours; an operator must look.',
  permanent: 'This account cannot pay any more without a person stepping in.',
};

const TRANSACTION_ERRORS: Readonly<Record<string, ErrorClass>> = {
  BlockhashNotFound: 'retry_soon',
  AccountInUse: 'retry_soon',
  WouldExceedMaxBlockCostLimit: 'retry_soon',
  WouldExceedMaxAccountCostLimit: 'retry_soon',
  InsufficientFundsForFee: 'needs_sol',
  AccountNotFound: 'needs_sol',
  InsufficientFundsForRent: 'needs_sol',
};

const SYSTEM_PROGRAM = '11111111111111111111111111111111';
const TOKEN_PROGRAM = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
const ASSOCIATED_PROGRAM = 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL';

function venueTrouble(code: number, nameOf: Say): Trouble {
  const found = VENUE.find(([, codes]) => codes.includes(code))?.[0] ?? 'operator';
  return {
    class: found,
    code: `venue_${code}`,
    detail: `${nameOf(code)} (${code}). ${SENTENCE[found]}`,
  };
}

function tokenTrouble(code: number): Trouble {
  const [found, sentence] = TOKEN[code] ?? (['operator', `Token program error ${code}.`] as const);
  return { class: found, code: `token_${code}`, detail: sentence };
}

/** Classifies an error of a transaction or a simulation. `programs` are those of its top-level instructions. */
export function classify(error: unknown, programs: readonly Address[], nameOf: Say): Trouble {
  if (typeof error === 'string') {
    const found = TRANSACTION_ERRORS[error] ?? 'operator';
    return { class: found, code: error, detail: `${error}. ${SENTENCE[found]}` };
  }
  const failed = (error as { InstructionError?: [number, unknown] } | null)?.InstructionError;
  if (!Array.isArray(failed)) {
    const name = Object.keys((error as object | null) ?? {})[0] ?? 'unknown';
    const found = TRANSACTION_ERRORS[name] ?? 'operator';
    return { class: found, code: name, detail: `${JSON.stringify(error)}. ${SENTENCE[found]}` };
  }
  const [index, inner] = failed;
  const program = programs[index];
  const custom = (inner as { Custom?: number } | null)?.Custom;
  if (typeof custom !== 'number') {
    return {
      class: 'operator',
      code: String(inner),
      detail: `Instruction ${index} of ${program}: ${JSON.stringify(inner)}. ${SENTENCE.operator}`,
    };
  }
  // Below Anchor's range a venue instruction passes on the error of the token program that it called.
  if (program === PROGRAM_ID)
    return custom < 100 ? tokenTrouble(custom) : venueTrouble(custom, nameOf);
  if (program === TOKEN_PROGRAM) return tokenTrouble(custom);
  if ((program === SYSTEM_PROGRAM || program === ASSOCIATED_PROGRAM) && custom === 1) {
    return {
      class: 'needs_sol',
      code: 'system_1',
      detail: 'The fee payer cannot pay the rent of a token account.',
    };
  }
  return {
    class: 'operator',
    code: `${program}_${custom}`,
    detail: `Program ${program} error ${custom}. ${SENTENCE.operator}`,
  };
}
