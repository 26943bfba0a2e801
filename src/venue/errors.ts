// Errors: what an error of a payment means for its debts. An error is known by the program of the
// failing instruction and the number, because one number means different things in two programs.
import type { Address } from '../core/ids.ts';
import type { ErrorClass, Trouble } from '../core/payment.ts';
import { TOKEN_ERRORS, TRANSACTION_ERRORS } from './error-table.ts';
import type { Profile } from './profile.ts';

/** What happens now, by class; it follows the reason. */
const NEXT: Readonly<Record<ErrorClass, string>> = {
  retry_soon: 'It passes by itself; the debt is tried again in seconds.',
  retry_when_healthier: 'The debt is tried again on schedule, and when the account changes.',
  venue_paused: 'The debt is tried again on schedule; this uses up no attempts.',
  venue_limited: 'The debt is tried again on schedule; this uses up no attempts.',
  needs_sol: 'SOL for fees is missing.',
  needs_authorisation: 'The agent key is missing.',
  books_behind: 'The books lack payments that the chain shows.',
  accumulating: 'It is too small to be paid by itself, by the terms of the subscription.',
  unexpected:
    'The debt is tried again a few times, at growing intervals, before an operator must look.',
  operator: 'This points at set-up or at a fault of ours; an operator must look.',
  permanent: 'This account cannot pay any more without a person stepping in.',
};

const SYSTEM_PROGRAM = '11111111111111111111111111111111';
const TOKEN_PROGRAM = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
const ASSOCIATED_PROGRAM = 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL';

/** The code of the venue that says: what would be left is too little collateral. */
export const SHORT_OF_COLLATERAL = 'venue_6003';
/** The codes of the venue that say of a settlement: this market has nothing to bring. */
export const NOTHING_TO_SETTLE: readonly string[] = ['venue_6010', 'venue_6259'];

const troubleOf = (kind: ErrorClass, code: string, what: string): Trouble => ({
  class: kind,
  code,
  detail: `${what} ${NEXT[kind]}`,
});

function venueTrouble(
  { errors }: Profile,
  number: number,
  nameOf: (number: number) => string,
): Trouble {
  const known = errors.get(number);
  const name = known?.name ?? nameOf(number);
  return troubleOf(
    known?.class ?? 'unexpected',
    `venue_${number}`,
    `${name} (${number}). ${known?.reason ?? 'No error of this number is known to stand in the way of a payment.'}`,
  );
}

function tokenTrouble(number: number): Trouble {
  const known = TOKEN_ERRORS.get(number);
  return troubleOf(
    known?.class ?? 'unexpected',
    `token_${number}`,
    `${known?.reason ?? 'The token program refuses.'} (token program, ${known?.name ?? 'error'} ${number})`,
  );
}

/** The name of an error that is text, or an object with one key; `unknown` for anything else. */
const nameOfError = (error: unknown): string =>
  typeof error === 'string' ? error : (Object.keys((error as object | null) ?? {})[0] ?? 'unknown');

/**
 * Classifies an error of a transaction or a simulation. `programs` are those of its top-level
 * instructions; `nameOf` names errors of the venue that are not in the table.
 */
export function classify(
  profile: Profile,
  error: unknown,
  programs: readonly Address[],
  nameOf: (number: number) => string,
): Trouble {
  const failed = (error as { InstructionError?: [number, unknown] } | null)?.InstructionError;
  if (!Array.isArray(failed)) {
    const name = nameOfError(error);
    const known = TRANSACTION_ERRORS.get(name);
    return troubleOf(known ?? 'unexpected', name, `The cluster says ${name}.`);
  }
  const [index, inner] = failed;
  const program = programs[index];
  const custom = (inner as { Custom?: number } | null)?.Custom;
  if (typeof custom !== 'number') {
    // The runtime's own: too few compute units, a panic, an account that changed in between.
    const name = nameOfError(inner);
    return troubleOf('unexpected', name, `Instruction ${index} of ${program} ends in ${name}.`);
  }
  // Below Anchor's range a venue instruction passes on the error of the token program that it
  // called.
  if (program === profile.programId)
    return custom < 100 ? tokenTrouble(custom) : venueTrouble(profile, custom, nameOf);
  if (program === TOKEN_PROGRAM) return tokenTrouble(custom);
  if ((program === SYSTEM_PROGRAM || program === ASSOCIATED_PROGRAM) && custom === 1) {
    return {
      class: 'needs_sol',
      code: 'system_1',
      detail: 'The fee payer cannot pay the rent of a token account.',
    };
  }
  return troubleOf(
    'unexpected',
    `${program}_${custom}`,
    `Program ${program} ends in error ${custom}.`,
  );
}
