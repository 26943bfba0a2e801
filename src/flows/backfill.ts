// Backfill: what no webhook told. Every watched account's signatures are read from the last finalized slot that was
// scanned to the present one; the cursor moves only after the whole walk and its rumours are stored.
import type { Address, Slot } from '../core/ids.ts';
import type { Chain } from '../core/outside.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';

/** Slots scanned again each time: order inside a slot is not to be relied on at the edge. */
const OVERLAP_SLOTS = 2;

/** Scans every watched account once, or just these. Returns how far, and how many rumours it noted. */
export async function backfill(
  ports: { ledger: Ledger; chain: Chain; clock: Clock; log: Log },
  signal: AbortSignal,
  addresses?: readonly Address[],
): Promise<{ tip: Slot; noted: number }> {
  const { ledger, chain, clock, log } = ports;
  const tip = await chain.slot('finalized');
  let noted = 0;
  for (const { address, slot, watchedAtMs } of await ledger.watchList.cursors(addresses)) {
    if (signal.aborted) break;
    if (slot >= tip) continue;
    const after = Math.max(0, slot - OVERLAP_SLOTS);
    const rows = (await chain.signatures(address, after, tip, 'finalized')).filter(
      (row) => row.slot <= tip,
    );
    if (rows.length > 0) await ledger.sightings.note(rows, 'backfill', clock.nowMs(), watchedAtMs);
    await ledger.watchList.advance(address, tip);
    noted += rows.length;
  }
  log.debug('backfill.done', { tip, noted });
  return { tip, noted };
}
