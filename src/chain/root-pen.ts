// Root pen: the transaction of the sponsor that writes the commitment of a day as a memo. The pen
// builds it itself from a day and a commitment, so that no caller adds to it; the compiled bytes
// are read again and compared with the rule of core/root-memo.ts before they are signed.
import { Fault } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import { MEMO_PROGRAM } from '../core/programs.ts';
import {
  ROOT_MEMO_UNITS,
  ROOT_MEMOS_A_DAY_MOST,
  rootMemoObjections,
  rootMemoText,
} from '../core/root-memo.ts';
import type { RootMemoRequest } from '../core/signing-ports.ts';
import type { Instruction } from '../core/transaction.ts';
import { budget } from './compile.ts';
import { encodeMessage, readMessage } from './message.ts';
import { inspectTokens } from './tokens.ts';

const DAY_MS = 24 * 3_600_000;

const memoOf = (text: string): Instruction => ({
  program: MEMO_PROGRAM,
  accounts: [],
  data: new TextEncoder().encode(text),
});

/**
 * The message of a memo, and the addresses that sign it. Throws `pen_refused` for a day, a
 * commitment or a price that the rule does not allow.
 */
export function rootMemoTransaction(
  sponsor: Address,
  { day, commitment, blockhash, microLamports }: Omit<RootMemoRequest, 'signedToday'>,
): { readonly message: Uint8Array; readonly required: readonly Address[] } {
  const text = rootMemoText({ day, commitment });
  const given = [...budget(ROOT_MEMO_UNITS, microLamports), memoOf(text)];
  const { bytes } = encodeMessage(sponsor, given, blockhash);
  const { feePayer, required, instructions } = readMessage(bytes);
  const effects = instructions.map(inspectTokens);
  const found = rootMemoObjections({ feePayer, required, effects }, { day, commitment, sponsor });
  if (found.length > 0)
    throw new Fault('pen_refused', `The pen refuses to sign: ${found.join('; ')}.`);
  return { message: bytes, required };
}

/**
 * Creates the count of the memos that this process signed within 24 hours, which holds also when
 * the ledger loses them. It throws `pen_limited` where one more would be above the limit. Returns a
 * function that takes the memo back, for one that was not signed.
 */
export function createRootMemoCount(nowMs: () => number): (signedToday: number) => () => void {
  let signed: { readonly atMs: number }[] = [];
  return (signedToday) => {
    const now = nowMs();
    signed = signed.filter(({ atMs }) => atMs > now - DAY_MS);
    if (Math.max(signed.length, signedToday) >= ROOT_MEMOS_A_DAY_MOST)
      throw new Fault(
        'pen_limited',
        `The pen refuses to sign: ${ROOT_MEMOS_A_DAY_MOST} memos of daily roots were signed within 24 hours.`,
      );
    const memo = { atMs: now };
    signed.push(memo);
    return () => {
      signed = signed.filter((each) => each !== memo);
    };
  };
}
