// Rebuild: the command that restores payments from the chain, after the database lost them with a
// disk or with the restore of an older copy.

import { BLOCKS_UNTIL_DEAD } from '../core/continuity.ts';
import type { Clock, Log } from '../core/ports.ts';
import { amountsText, amountText, sumsOf } from '../core/token.ts';
import type { Parts } from '../daemon-parts.ts';
import { rebuildPayments } from '../flows/rebuild.ts';
import { counted, type Output } from './output.ts';

const POLL_MS = 1_000;
/** Exit code when the chain shows payments that the ledger's debts do not explain. */
export const DIFFERENT = 3;

/**
 * Waits until every transaction signed before now has landed or expired: BLOCKS_UNTIL_DEAD blocks.
 */
export async function untilNothingCanLand(
  parts: Pick<Parts, 'chain'>,
  clock: Clock,
  output: Output,
): Promise<void> {
  const until = (await parts.chain.finalizedHeight()) + BLOCKS_UNTIL_DEAD;
  const bar = output.progress('waiting for what was signed to land or expire', BLOCKS_UNTIL_DEAD);
  for (;;) {
    const left = until - (await parts.chain.finalizedHeight());
    bar.update(BLOCKS_UNTIL_DEAD - Math.max(0, left));
    if (left <= 0) break;
    await clock.sleep(POLL_MS, new AbortController().signal);
  }
  bar.stop();
}

/**
 * Restores the payments, prints the result, and returns the exit code: 0 when books and chain
 * agree, else DIFFERENT.
 */
export async function rebuild(
  parts: Parts,
  given: { clock: Clock; log: Log; output: Output; dryRun: boolean },
): Promise<number> {
  const { output } = given;
  await untilNothingCanLand(parts, given.clock, output);
  const bar = output.progress('reading the histories of the agents', 1);
  const { subscribers, restored, differences } = await rebuildPayments(
    { ...parts, log: given.log },
    { dryRun: given.dryRun, onProgress: (done, of) => bar.update(done, of) },
  );
  bar.stop();
  // A debt that is freed is paid only after the books of its subscriber agree with the chain.
  const freed = given.dryRun ? 0 : await parts.ledger.shares.freeOrphans();
  const total = sumsOf(restored.map(({ token, explained: amount }) => ({ ...token, amount })));
  output.result({ subscribers, written: !given.dryRun, restored, differences, freed }, [
    restored.length === 0
      ? `The books of ${counted(subscribers, 'subscriber')} lack no payment.`
      : `${given.dryRun ? 'Would restore' : 'Restored'} ${counted(restored.length, 'lost payment')}, ${amountsText(total)} in all, for ${counted(subscribers, 'subscriber')}.`,
    ...restored.map(
      (each) =>
        `  ${each.id}  ${amountText(each.explained, each.token)}  slot ${each.slot}  ${each.signature}`,
    ),
    ...(freed === 0
      ? []
      : [
          `${counted(freed, 'debt that waited for a lost payment is', 'debts that waited for a lost payment are')} free again.`,
        ]),
    ...differences.map(
      (each) =>
        `DIFFERENCE: ${each.signature} paid ${amountText(each.amount, each.token)} to ${each.creatorWallet}, ${amountText(each.excess, each.token)} more than the debts known of ${each.subscriberId}.`,
    ),
    differences.length === 0
      ? 'Books and chain agree. Subscribers whose payments waited for this are paid again.'
      : 'Nothing is signed for these wallets while they have more than the debts known. Let the daemon hear their whole history (it is running, and /v1/hearing shows no backlog), then run this again. When nothing is missing and the payment was more than was owed, say so: bailiff payments accept SIGNATURE --reason TEXT.',
  ]);
  return differences.length === 0 ? 0 : DIFFERENT;
}
