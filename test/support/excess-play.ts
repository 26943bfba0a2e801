// Excess play: a chain on which an agent paid more than is owed, and a ledger with debts.
import type { Subscriber } from '../../src/core/ports.ts';
import { USDC } from '../../src/core/token.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import type { RebuildPorts } from '../../src/flows/rebuild.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { addressOf, closeFact, recordFact, signatureOf, type TestLedger } from './ledger.ts';

/** A chain on which the agent of `ana` paid these amounts to the creator, oldest first. */
export function chainWith(amounts: readonly bigint[]): RebuildPorts['chain'] {
  const rows = amounts.map((_, index) => ({
    signature: signatureOf(100 + index),
    slot: 60 + index,
    blockIndex: 0,
    memo: `[10] bailiff:p${index + 1}`,
    failed: false,
  }));
  const at = (signature: string) => rows.findIndex((row) => row.signature === signature);
  return {
    slot: async () => 100,
    witnessed: <T>(read: () => Promise<T>) => read(),
    signatures: async () => rows,
    signaturesAgain: async () => [rows],
    transaction: async (signature: string) => ({ error: null, at: at(signature) }),
  } as unknown as RebuildPorts['chain'];
}
/** Reads each transaction as the payment of the amount at its place. */
export const tokensWith = (amounts: readonly bigint[]) =>
  ({
    tokenAccount: (_: string, owner: string) => addressOf(owner === addressOf(1) ? 2 : 4),
    effectsOf: ({ at: index }: { at: number }) => [
      { effect: 'memo', text: `bailiff:p${index + 1}` },
      {
        effect: 'transfer',
        source: addressOf(2),
        mint: USDC.mint,
        destination: addressOf(4),
        authority: addressOf(1),
        amount: amounts[index],
      },
    ],
  }) as unknown as RebuildPorts['tokens'];
export const VENUE = { quote: USDC };
export const excesses = async ({ ledger }: TestLedger) =>
  (await ledger.payments.unexplained(9)).map((each) => each.excess);
/** A debt of each amount. */
export async function owing(held: TestLedger, ...amounts: bigint[]): Promise<void> {
  for (const [index, amount] of amounts.entries())
    await recordFact(
      held.ledger,
      closeFact(index + 1, amount * 10n, { slot: 50, account: held.driftAccount }),
      'finalized',
    );
  await accrueCloses(held.ledger, log);
}

export const ANA: Subscriber = {
  id: 'ana',
  agentWallet: addressOf(1),
  agentTokenAccount: addressOf(2),
} as unknown as Subscriber;
export const WHY = { reason: 'a tip', actor: 'command', person: 'bo' };
