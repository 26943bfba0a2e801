// Acts: whether requests that were answered with success are lost with a failover, so that a person
// does them again.
import { type Finding, fine, odd } from '../core/finding.ts';
import type { Ledger } from '../core/ports.ts';

const COUNTED_MOST = 500;

export async function ofActs({ acts }: Pick<Ledger, 'acts'>): Promise<Finding[]> {
  const lost = await acts.lost(COUNTED_MOST);
  return [
    lost.length === 0
      ? fine('acts', 'no acknowledged act is lost')
      : odd(
          'acts',
          `${lost.length} acts that were answered with success are not in the database`,
          'Look at them with: bailiff acts lost',
        ),
  ];
}
