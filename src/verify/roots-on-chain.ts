// Roots on chain: reads the commitment of a day from the memo that a signature names, so that a
// reader needs to have kept the signature alone, or to have found it in the history of the sponsor.
import { Fault } from '../core/fault.ts';
import type { Signature } from '../core/ids.ts';
import { MEMO_PROGRAM } from '../core/programs.ts';
import { differs, type Finding, NOT_THERE, ok, unknown } from '../core/receipt-check.ts';
import { rootMemoIn } from '../core/root-memo.ts';
import type { ChainTransaction } from '../core/transaction.ts';
import type { Node } from './transaction-reader.ts';

const COMMITMENT = /^[0-9a-f]{64}$/;
const SIGNATURE = /^[1-9A-HJ-NP-Za-km-z]{80,90}$/;

export type NamedRoots = {
  /** Commitments that were given, and those that the memos name. */
  readonly commitments: readonly string[];
  /** A finding for each memo, with the wallet that signed it. */
  readonly findings: readonly Finding[];
};

/** The finding about the memo in a transaction, and the commitment that the memo names. */
function readMemo(
  signature: Signature,
  transaction: ChainTransaction | null,
): { readonly finding: Finding; readonly commitment: string | null } {
  const named = `${signature}: `;
  if (transaction === null)
    return { finding: unknown('root memo', `${named}${NOT_THERE}`), commitment: null };
  const utf8 = new TextDecoder();
  const memos = transaction.instructions.flatMap(({ program, data }) =>
    program === MEMO_PROGRAM ? (rootMemoIn(utf8.decode(data)) ?? []) : [],
  );
  const [memo] = memos;
  if (transaction.error !== null || memo === undefined || memos.length !== 1)
    return {
      finding: differs('root memo', `${named}This transaction is no memo of a daily root.`),
      commitment: null,
    };
  return {
    finding: ok(
      'root memo',
      `${named}${transaction.signers[0]} wrote the root of ${memo.day} in slot ${transaction.slot}: ${memo.commitment}. The chain shows who wrote it, not whether that is the platform.`,
    ),
    commitment: memo.commitment,
  };
}

/**
 * The commitments in `given`: each is one itself, or the signature of a memo that names one. Throws
 * `body_invalid` for a text that is neither. A memo that cannot be read gives no commitment and a
 * finding that is not ok.
 */
export async function rootsNamed(
  given: readonly string[],
  node: Pick<Node, 'transaction'>,
): Promise<NamedRoots> {
  const commitments = given.filter((each) => COMMITMENT.test(each));
  const findings: Finding[] = [];
  for (const each of given) {
    if (COMMITMENT.test(each)) continue;
    if (!SIGNATURE.test(each))
      throw new Fault(
        'body_invalid',
        `--root ${each}: is neither a commitment of 64 hexadecimal digits nor a signature.`,
      );
    const signature = each as Signature;
    const found = readMemo(signature, await node.transaction(signature).catch(() => null));
    findings.push(found.finding);
    if (found.commitment !== null) commitments.push(found.commitment);
  }
  return { commitments, findings };
}
