// Wrong failure: a node that is wrong about one transaction: once, or in each answer.
import type { editedNode } from './edited-node.ts';

type Edit = Parameters<typeof editedNode>[1];

/** The error with which no transaction of these tests was executed. */
const FAILED = { InstructionError: [5, { Custom: 1 }] };

/**
 * One answer to getTransaction of a node that has seen a slot calls the transaction failed; the
 * hearing of transactions asks without a slot. `about` tells its signature, null for none yet.
 * `lies` counts the wrong answers.
 */
export function failedOnce(about: () => string | null): { readonly edit: Edit; lies: number } {
  const wrong = {
    lies: 0,
    edit: (({ method, params }, result) => {
      const signature = about();
      if (method !== 'getTransaction' || signature === null || result === null) return result;
      const [asked, config] = params as [string, { minContextSlot?: number }];
      if (asked !== signature || config.minContextSlot === undefined || wrong.lies > 0)
        return result;
      wrong.lies++;
      const told = result as { meta: object };
      return { ...told, meta: { ...told.meta, err: FAILED } };
    }) as Edit,
  };
  return wrong;
}

/** The node has no status of the transaction. */
export const statusless =
  (about: () => string | null): Edit =>
  ({ method, params }, result) => {
    if (method !== 'getSignatureStatuses') return result;
    const [asked] = params as [string[]];
    const { value } = result as { value: unknown[] };
    const kept = value.map((each, at) => (asked[at] === about() ? null : each));
    return { ...(result as object), value: kept };
  };

/** A node that records no memos. `lies` counts the pages that lack some. */
export function memoless(about: () => string | null): { readonly edit: Edit; lies: number } {
  const wrong = {
    lies: 0,
    edit: (({ method }, result) => {
      if (method !== 'getSignaturesForAddress' || about() === null) return result;
      wrong.lies++;
      return (result as object[]).map((row) => ({ ...row, memo: null }));
    }) as Edit,
  };
  return wrong;
}

/**
 * Pages of histories call the transaction failed until one answer to getTransaction does, as in
 * `failedOnce`. `lies` counts the pages.
 */
export function failedInHistory(about: () => string | null): { readonly edit: Edit; lies: number } {
  const transaction = failedOnce(about);
  const wrong = {
    lies: 0,
    edit: ((question, result) => {
      const told = transaction.edit(question, result);
      if (question.method !== 'getSignaturesForAddress' || transaction.lies > 0) return told;
      const rows = told as { signature: string }[];
      wrong.lies += rows.filter(({ signature }) => signature === about()).length;
      return rows.map((row) => (row.signature === about() ? { ...row, err: FAILED } : row));
    }) as Edit,
  };
  return wrong;
}

/** The first final status of the transaction calls it failed. `lies` counts the wrong statuses. */
export function failedStatusOnce(about: () => string | null): {
  readonly edit: Edit;
  lies: number;
} {
  const wrong = {
    lies: 0,
    edit: (({ method, params }, result) => {
      if (method !== 'getSignatureStatuses' || wrong.lies > 0) return result;
      const [asked] = params as [string[]];
      const { value } = result as { value: ({ confirmationStatus: string } | null)[] };
      const at = asked.indexOf(about() ?? '');
      if (value[at]?.confirmationStatus !== 'finalized') return result;
      wrong.lies++;
      const told = value.map((each, nth) => (nth === at ? { ...each, err: FAILED } : each));
      return { ...(result as object), value: told };
    }) as Edit,
  };
  return wrong;
}
