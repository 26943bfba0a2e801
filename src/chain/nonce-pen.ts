// Nonce pen: the transactions of the sponsor that create, move and close nonce accounts. The pen
// builds them itself from an act and a subscriber, so that no caller adds to them; the compiled
// bytes are read again before they are signed.
import { Fault } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import type { Lamports } from '../core/money.ts';
import { PRIORITY_FEE } from '../core/payment-rules.ts';
import { COMPUTE_BUDGET_PROGRAM, SYSTEM_PROGRAM } from '../core/programs.ts';
import type { NonceRequest } from '../core/signing-ports.ts';
import type { Instruction } from '../core/transaction.ts';
import { budget } from './compile.ts';
import { encodeMessage, readMessage } from './message.ts';
import { advanceNonce, closeNonce, createNonce, nonceAddress } from './nonce.ts';

/** The most that a nonce account is created with: several times its rent. */
const RENT_MOST: Lamports = 10_000_000n;
/** Compute units of such a transaction. Each of its instructions takes some hundreds. */
const UNITS = 5_000;
/** The sysvars that the system program reads for a nonce. */
const SYSVARS: readonly string[] = [
  'SysvarRecentB1ockHashes11111111111111111111',
  'SysvarRent111111111111111111111111111111111',
];

const refuse = (why: string): never => {
  throw new Fault('pen_refused', `The pen refuses to sign: ${why}.`);
};

function instructionsOf(sponsor: Address, account: Address, request: NonceRequest): Instruction[] {
  const { act, subscriberId, lamports, microLamports } = request;
  const spent = budget(UNITS, microLamports);
  if (act === 'move') return [advanceNonce(account, sponsor), ...spent];
  if (act === 'close') return [...spent, closeNonce(account, sponsor, sponsor, lamports)];
  return [...spent, ...createNonce(sponsor, sponsor, subscriberId, lamports)];
}

/**
 * The message of an act, and the addresses that sign it. Throws `pen_refused` for a price or rent
 * above the limits, and for bytes that name another account than the sponsor and the nonce.
 */
export function nonceTransaction(
  sponsor: Address,
  request: NonceRequest,
  limits: { readonly priorityFeeMost: Lamports },
): { readonly message: Uint8Array; readonly required: readonly Address[] } {
  const price = { effect: 'compute_price', microLamports: request.microLamports } as const;
  if (!PRIORITY_FEE.holds(price, limits)) refuse(PRIORITY_FEE.objection(price, limits));
  if (request.act === 'open' && request.lamports > RENT_MOST)
    refuse(`creates a nonce account with ${request.lamports} lamports`);
  const account = nonceAddress(sponsor, request.subscriberId);
  const given = instructionsOf(sponsor, account, request);
  const { bytes } = encodeMessage(sponsor, given, request.blockhash);
  const { feePayer, required, instructions } = readMessage(bytes);
  const named = new Set<string>([sponsor, account, ...SYSVARS]);
  const strange = instructions.find(
    ({ program, accounts }) =>
      (program !== SYSTEM_PROGRAM && program !== COMPUTE_BUDGET_PROGRAM) ||
      accounts.some(({ address }) => !named.has(address)),
  );
  if (feePayer !== sponsor || strange !== undefined || instructions.length !== given.length)
    refuse('the transaction is about more than the nonce of one subscriber');
  return { message: bytes, required };
}
