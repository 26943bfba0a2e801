// Unread: proves from a wallet's own history that transactions which no node gives took nothing
// from it. A wallet keeps no counters, so its balance after the last readable transaction before
// them is compared with its balance before the next readable one. When at most a network fee is
// missing, nothing left.

import type { Unreadable } from '../core/doubt-ports.ts';
import { messageOf } from '../core/fault.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { Lamports } from '../core/money.ts';
import { nothingLeft } from '../core/unread.ts';
import type { CheckPorts } from './state-check.ts';

/**
 * How many slots before the transaction the readable one is looked for: a week at 400 ms per slot.
 */
const LOOK_BACK_SLOTS = 1_512_000;
/** The time after which the same transaction is looked at again. */
const AGAIN_MS = 5 * 60_000;
/**
 * The most transactions that are looked at in one run, and that are listed. The check of each
 * account handles the rows of accounts other than wallets.
 */
const LOOKS_MOST = 10;
const LIST_MOST = 1_000;

/** The lamports of a wallet before or after a transaction; null when no node gives it. */
async function lamportsAt(
  { chain }: Pick<CheckPorts, 'chain'>,
  wallet: Address,
  signature: Signature,
  side: 'before' | 'after',
): Promise<Lamports | null> {
  const transaction = await chain.transaction(signature, 'finalized');
  const index = transaction?.keys.indexOf(wallet) ?? -1;
  return index < 0 ? null : (transaction?.lamports?.[side][index] ?? null);
}

/** Whether the wallet's own history shows that nothing left it in this transaction. */
async function isWhole(
  ports: Pick<CheckPorts, 'chain'>,
  { address, signature, slot }: Unreadable,
  unread: ReadonlySet<Signature>,
): Promise<boolean> {
  const { chain } = ports;
  const now = await chain.slices([address], null, 'finalized');
  const from = Math.max(0, slot - LOOK_BACK_SLOTS);
  const rows = (await chain.signatures(address, from, now.slot, 'finalized')).filter(
    (row) => row.slot <= now.slot,
  );
  const at = rows.findIndex((row) => row.signature === signature);
  if (at < 0) return false;
  const before = rows.slice(0, at).findLast((row) => !unread.has(row.signature));
  const next = rows.slice(at + 1).find((row) => !unread.has(row.signature));
  if (before === undefined) return false;
  const held = await lamportsAt(ports, address, before.signature, 'after');
  const left =
    next === undefined
      ? (now.accounts[0]?.lamports ?? 0n)
      : await lamportsAt(ports, address, next.signature, 'before');
  return held !== null && left !== null && nothingLeft(held, left);
}

/**
 * Creates the check. Each call looks at up to ten pairs of a wallet and a transaction of its
 * history that no node gives.
 */
export function createUnread({
  ledger,
  chain,
  clock,
  log,
}: Pick<CheckPorts, 'ledger' | 'chain' | 'clock' | 'log'>): (signal: AbortSignal) => Promise<void> {
  const lookedMs = new Map<Signature, number>();
  const isDue = (signature: Signature): boolean =>
    clock.elapsedMs() - (lookedMs.get(signature) ?? Number.NEGATIVE_INFINITY) >= AGAIN_MS;
  return async (signal) => {
    const wallets = await ledger.unread.list(clock.nowMs(), LIST_MOST, 'agent_wallet');
    const known = new Set(wallets.map((each) => each.signature));
    for (const signature of lookedMs.keys()) if (!known.has(signature)) lookedMs.delete(signature);
    const due = wallets.filter(({ signature }) => isDue(signature)).slice(0, LOOKS_MOST);
    for (const each of due) {
      if (signal.aborted) return;
      const { address, signature, slot, subscriberId } = each;
      lookedMs.set(signature, clock.elapsedMs());
      const unread = new Set(
        wallets.filter((one) => one.address === address).map((one) => one.signature),
      );
      const whole = await isWhole({ chain }, each, unread).catch((thrown: unknown) => {
        log.warn('transaction.not_proven', { signature, address, message: messageOf(thrown) });
        return false;
      });
      if (!whole) continue;
      await ledger.unread.end(each);
      log.info('transaction.proven', { signature, slot, address, subscriber: subscriberId });
    }
  };
}
