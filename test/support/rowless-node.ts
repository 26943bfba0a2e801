// Rowless node: a node that leaves one transaction out of the history of one account.
import { editedNode } from './edited-node.ts';

export type RowlessNode = AsyncDisposable & {
  readonly url: string;
  /** The URL of the real node, which is asked. */
  target: string;
  /** The account, and the transaction that its history lacks; null: the history is whole. */
  account: string;
  about: string | null;
  /** How many rows were left out so far. */
  lies: number;
};

/** Starts the node. Its history is whole until `about` names a transaction. */
export async function rowlessNode(): Promise<RowlessNode> {
  const node = await editedNode(
    () => told.target,
    ({ method, params }, result) => {
      if (method !== 'getSignaturesForAddress' || told.about === null) return result;
      if ((params as [string])[0] !== told.account) return result;
      const rows = result as { signature: string }[];
      const kept = rows.filter(({ signature }) => signature !== told.about);
      told.lies += rows.length - kept.length;
      return kept;
    },
  );
  const told: RowlessNode = {
    url: node.url,
    target: '',
    account: '',
    about: null,
    lies: 0,
    [Symbol.asyncDispose]: () => node.close(),
  };
  return told;
}
