// Halts: lists where an operator has halted signing, so that the reason for missing payments is
// found here first.
import { type Finding, fine, odd } from '../core/doctor-finding.ts';
import type { Ledger } from '../core/ports.ts';

/** A finding for each halt in force. */
export async function ofHalts(ledger: Pick<Ledger, 'halts'>): Promise<Finding[]> {
  const halts = await ledger.halts.list();
  if (halts.length === 0) return [fine('halts', 'nothing is halted')];
  return halts.map(({ scope, reason }) =>
    odd(
      'halts',
      `nothing new is signed for ${scope}: ${reason}`,
      `When it may go on: bailiff resume ${scope}`,
    ),
  );
}
