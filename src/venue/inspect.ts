// Inspect: what a venue instruction about to be signed would do, read back from its bytes by our own decoder, so that
// the pen's policy does not have to trust whoever built it.
import type { Act } from '../core/policy.ts';
import type { ExecutedInstruction, Instruction } from '../core/transaction.ts';
import { createReader, startsWith } from './layout.ts';
import {
  PROGRAM_ID,
  SETTLE_ACCOUNTS,
  SETTLE_DISCRIMINATOR,
  SETTLE_MULTIPLE_DISCRIMINATOR,
  WITHDRAW_ACCOUNTS,
  WITHDRAW_DISCRIMINATOR,
} from './profile.ts';

/** The act of an instruction of the venue; null when it is another program's, `unknown` when it is none that pays. */
export function inspectVenue(instruction: Instruction | ExecutedInstruction): Act | null {
  if (instruction.program !== PROGRAM_ID) return null;
  const unknown: Act = { act: 'unknown', program: PROGRAM_ID };
  const at = (index: number) => {
    const account = instruction.accounts[index];
    return typeof account === 'string' ? account : account?.address;
  };
  const read = createReader(instruction.data, 8);
  if (startsWith(instruction.data, WITHDRAW_DISCRIMINATOR) && instruction.data.length === 19) {
    const [user, authority, destination] = [
      at(WITHDRAW_ACCOUNTS.user),
      at(WITHDRAW_ACCOUNTS.authority),
      at(WITHDRAW_ACCOUNTS.destination),
    ];
    if (user === undefined || authority === undefined || destination === undefined) return unknown;
    return {
      act: 'withdraw',
      user,
      authority,
      destination,
      market: read.u16(),
      amount: read.u64(),
      reduceOnly: read.u8() === 1,
    };
  }
  const [user, authority] = [at(SETTLE_ACCOUNTS.user), at(SETTLE_ACCOUNTS.authority)];
  if (user === undefined || authority === undefined) return unknown;
  if (startsWith(instruction.data, SETTLE_DISCRIMINATOR) && instruction.data.length === 10) {
    return { act: 'settle', user, authority, markets: [read.u16()] };
  }
  if (startsWith(instruction.data, SETTLE_MULTIPLE_DISCRIMINATOR)) {
    const count = read.u32();
    if (instruction.data.length !== 8 + 4 + count * 2 + 1) return unknown;
    return {
      act: 'settle',
      user,
      authority,
      markets: Array.from({ length: count }, () => read.u16()),
    };
  }
  return unknown;
}
