// Errors: classifies the error of a payment: whether and when its debts are tried again. An error
// is identified by the program of the failing instruction and the number, because two programs use
// the same number for different errors.

import type { Address } from '../core/ids.ts';
import { ASSOCIATED_TOKEN_PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM } from '../core/programs.ts';
import type { ChainErrorName, ErrorClass, Trouble, TroubleCode } from '../core/trouble.ts';
import { TOKEN_ERRORS, TRANSACTION_ERRORS } from './error-table.ts';
import type { Profile } from './profile.ts';

/** The sentence on what happens next, by class. It follows the reason. */
const NEXT: Readonly<Record<ErrorClass, string>> = {
  retry_soon: 'It passes by itself; the debt is tried again in seconds.',
  retry_when_healthier: 'The debt is tried again on schedule, and when the account changes.',
  venue_paused: 'The debt is tried again on schedule; this uses up no attempts.',
  venue_limited: 'The debt is tried again on schedule; this uses up no attempts.',
  needs_sol: 'The fee payer lacks SOL.',
  needs_authorisation: 'The key of the agent wallet is not available.',
  books_behind: 'The books lack payments that the chain shows.',
  accumulating: 'It is too small to be paid by itself, by the terms of the subscription.',
  unexpected:
    'The debt is tried again a few times, at growing intervals, before an operator must look.',
  operator:
    'Accounts or encodings do not fit, or an account changed since it was read. The debt is planned anew a few times, at growing intervals, before an operator must look.',
  permanent:
    'The debt is planned anew a few times, at growing intervals, before a person must act.',
};

/** The venue's code for: the withdrawal would leave too little collateral. */
export const SHORT_OF_COLLATERAL = 'venue_6003';
/** The venue's codes for: settling this market would bring nothing. */
export const NOTHING_TO_SETTLE: readonly TroubleCode[] = ['venue_6010', 'venue_6259'];

const troubleOf = (kind: ErrorClass, code: TroubleCode, what: string): Trouble => ({
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
    `${name} (${number}). ${known?.reason ?? 'The table of errors that a payment can meet lacks this number.'}`,
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

/** The code of an error that has no number of a known program. */
const named = (name: string) => name as ChainErrorName;

/** The name of an error that is a text or an object with one key; `unknown` for any other value. */
const nameOfError = (error: unknown): string =>
  typeof error === 'string' ? error : (Object.keys((error as object | null) ?? {})[0] ?? 'unknown');

const FAILED = /^Program (\w{32,44}) failed: custom program error: 0x([0-9a-f]{1,8})$/;
/**
 * The program that ended in this number first, as the runtime logged it: the innermost of the
 * failing calls. Undefined when the log does not tell it. A program cannot write such a line,
 * because the runtime puts `Program log: ` in front of what programs write.
 */
function failingProgram(logs: readonly string[], custom: number): string | undefined {
  for (const line of logs) {
    const [, program, number] = FAILED.exec(line) ?? [];
    if (program !== undefined)
      return Number.parseInt(number ?? '', 16) === custom ? program : undefined;
  }
  return undefined;
}

/**
 * Classifies the error of a transaction or simulation. `programs` are the programs of its top-level
 * instructions, in order. An instruction passes on the error of a program that it called; `logs`
 * tell which program that was, as far as they are there. `nameOf` names venue errors that the
 * profile's table lacks.
 */
export function classify(
  profile: Profile,
  error: unknown,
  programs: readonly Address[],
  logs: readonly string[],
  nameOf: (number: number) => string,
): Trouble {
  const failed = (error as { InstructionError?: [number, unknown] } | null)?.InstructionError;
  if (!Array.isArray(failed)) {
    const name = nameOfError(error);
    const known = TRANSACTION_ERRORS.get(name);
    return troubleOf(known ?? 'unexpected', named(name), `The cluster says ${name}.`);
  }
  const [index, inner] = failed;
  const custom = (inner as { Custom?: number } | null)?.Custom;
  const top = programs[index];
  if (typeof custom !== 'number') {
    // The runtime's own errors: too few compute units, a panic, an account that changed meanwhile.
    const name = nameOfError(inner);
    return troubleOf('unexpected', named(name), `Instruction ${index} of ${top} ends in ${name}.`);
  }
  const program = failingProgram(logs, custom) ?? top;
  // Without its log, a venue instruction with an error below 100 is taken to pass on the error of
  // the token program: Anchor's own numbers begin at 100.
  if (program === profile.programId)
    return custom < 100 ? tokenTrouble(custom) : venueTrouble(profile, custom, nameOf);
  if (program === TOKEN_PROGRAM) return tokenTrouble(custom);
  if ((program === SYSTEM_PROGRAM || program === ASSOCIATED_TOKEN_PROGRAM) && custom === 1) {
    return {
      class: 'needs_sol',
      code: 'system_1',
      detail: 'The fee payer cannot pay the rent of a token account.',
    };
  }
  return troubleOf(
    'unexpected',
    named(`${program}_${custom}`),
    `Program ${program} ends in error ${custom}.`,
  );
}
