// Acts: finds acts that were answered with success and lost in a failover, which a person must
// repeat.
import { type Finding, fine, odd } from '../core/doctor-finding.ts';
import type { Ledger } from '../core/ports.ts';

const COUNTED_MOST = 500;

/** A finding on acts that were acknowledged and that the database lost. */
export async function ofActs({ acts }: Pick<Ledger, 'acts'>): Promise<Finding[]> {
  const lost = await acts.lost(COUNTED_MOST);
  return [
    lost.length === 0
      ? fine('acts', 'no acknowledged act is lost')
      : odd(
          'acts',
          `acts that were answered with success and are not in the database: ${lost.length}`,
          'Look at them with: bailiff acts lost',
        ),
  ];
}
