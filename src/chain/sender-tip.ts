// Sender tip: the instruction by which a payment gives a tip, built and read byte by byte: Transfer
// (2) of the system program, the number in four bytes and the lamports in eight.

import type { Address } from '../core/ids.ts';
import type { Effect } from '../core/mandate.ts';
import { SYSTEM_PROGRAM } from '../core/programs.ts';
import type { SenderTip } from '../core/sender-tip.ts';
import type { Instruction } from '../core/transaction.ts';

const TRANSFER = 2;
const TRANSFER_BYTES = 12;

/** The instruction by which this wallet gives a tip. */
export function tipInstruction(from: Address, { lamports, account }: SenderTip): Instruction {
  const data = new DataView(new ArrayBuffer(TRANSFER_BYTES));
  data.setUint32(0, TRANSFER, true);
  data.setBigUint64(4, lamports, true);
  return {
    program: SYSTEM_PROGRAM,
    accounts: [
      { address: from, isSigner: true, isWritable: true },
      { address: account, isSigner: false, isWritable: true },
    ],
    data: new Uint8Array(data.buffer),
  };
}

/** The effect of an instruction of the system program that is a plain transfer; else null. */
export function inspectTip(accounts: Instruction['accounts'], data: Uint8Array): Effect | null {
  const [from, to] = accounts;
  if (data.length !== TRANSFER_BYTES || accounts.length !== 2) return null;
  if (from === undefined || to === undefined) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (view.getUint32(0, true) !== TRANSFER) return null;
  return {
    effect: 'pay_tip',
    from: from.address,
    to: to.address,
    lamports: view.getBigUint64(4, true),
  };
}
