// Root memos: finds out whether the commitments of days are written on chain as the settings say,
// and whether the chain has another commitment than the ledger.
import { type Finding, fine, odd, wrong } from '../core/doctor-finding.ts';
import type { RootMemoBook } from '../core/root-ports.ts';

/** The most sealed days that may wait without a finding: one is written soon after it is sealed. */
const WAITING_MOST = 1;

/** The findings on the memos of daily roots; none where no memo was ever written or asked for. */
export async function ofRootMemos(
  rootMemos: Pick<RootMemoBook, 'sums'>,
  isOn: boolean,
): Promise<Finding[]> {
  const { written, contradicted, waiting } = await rootMemos.sums();
  const found: Finding[] = [];
  if (contradicted > 0)
    found.push(
      wrong(
        'root memos',
        `days for which the chain has another commitment than the ledger: ${contradicted}`,
        'See BailiffRootContradicted in docs/runbook.md; bailiff roots list names the days.',
      ),
    );
  if (isOn && waiting > WAITING_MOST)
    found.push(
      odd(
        'root memos',
        `sealed days that are not written on chain: ${waiting}`,
        'Look for root.memo lines in the log of the daemon; the sponsor may lack SOL, or signing is halted.',
      ),
    );
  if (found.length > 0 || (!isOn && written === 0)) return found;
  return [
    fine('root memos', `days that are written on chain: ${written}${isOn ? '' : '; now off'}`),
  ];
}
