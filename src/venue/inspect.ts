// Inspect: decodes the bytes of a venue instruction that is about to be signed. The pen's policy
// judges the decoded instruction and so does not depend on the code that built it.
import type { Address } from '../core/ids.ts';
import type { Effect } from '../core/mandate.ts';
import type { ExecutedInstruction, Instruction } from '../core/transaction.ts';
import { createReader, startsWith } from './layout.ts';

/**
 * Discriminators and account indexes of the instructions of a payment. They are the same at every
 * venue of this family.
 */
export const WITHDRAW = {
  discriminator: 'b712469c946da122',
  user: 1,
  authority: 3,
  destination: 6,
};
export const SETTLE = { discriminator: '2b3dea2d0f5f9899', user: 1, authority: 2 };
/** `update_spot_market_cumulative_interest`, with four accounts and no arguments. */
export const REFRESH_INTEREST = { discriminator: '27a68bf39ea59be1', accounts: 4 };
const SETTLE_MULTIPLE = { ...SETTLE, discriminator: '7f4275392832987f' };

/**
 * The decoded effect of an instruction: null when the instruction belongs to another program,
 * `unknown` when it is neither a withdrawal nor a settlement nor a booking of interest.
 */
export function inspectVenue(
  programId: Address,
  instruction: Instruction | ExecutedInstruction,
): Effect | null {
  if (instruction.program !== programId) return null;
  const unknown: Effect = { effect: 'unknown', program: programId };
  const at = (index: number) => {
    const account = instruction.accounts[index];
    return typeof account === 'string' ? account : account?.address;
  };
  const read = createReader(instruction.data, 8);
  if (startsWith(instruction.data, WITHDRAW.discriminator) && instruction.data.length === 19) {
    const [user, authority, destination] = [
      at(WITHDRAW.user),
      at(WITHDRAW.authority),
      at(WITHDRAW.destination),
    ];
    if (user === undefined || authority === undefined || destination === undefined) return unknown;
    return {
      effect: 'withdraw',
      user,
      authority,
      destination,
      market: read.u16(),
      amount: read.u64(),
      reduceOnly: read.u8() === 1,
    };
  }
  if (startsWith(instruction.data, REFRESH_INTEREST.discriminator) && instruction.data.length === 8)
    return { effect: 'refresh_interest', accounts: instruction.accounts.length };
  const [user, authority] = [at(SETTLE.user), at(SETTLE.authority)];
  if (user === undefined || authority === undefined) return unknown;
  if (startsWith(instruction.data, SETTLE.discriminator) && instruction.data.length === 10) {
    return { effect: 'settle', user, authority, markets: [read.u16()] };
  }
  if (startsWith(instruction.data, SETTLE_MULTIPLE.discriminator)) {
    const count = read.u32();
    if (instruction.data.length !== 8 + 4 + count * 2 + 1) return unknown;
    return {
      effect: 'settle',
      user,
      authority,
      markets: Array.from({ length: count }, () => read.u16()),
    };
  }
  return unknown;
}
