// Transaction reader: reads finalized transactions and the genesis hash from a Solana node with
// nothing but `fetch`, and turns a transaction into the shape that the decoders read. A node that
// answers with an error, or without a transaction's metadata, has told nothing.
import { Fault, messageOf } from '../core/fault.ts';
import { type Address, base58Bytes, type Signature } from '../core/ids.ts';
import { checkInstructionData } from '../core/instruction-data.ts';
import type { ChainTransaction, ExecutedInstruction, TokenBalance } from '../core/transaction.ts';

export type Node = {
  genesisHash(): Promise<string>;
  /** A transaction at `finalized`; null when the node does not have it. */
  transaction(signature: Signature): Promise<ChainTransaction | null>;
};

type Compiled = {
  readonly programIdIndex: number;
  readonly accounts: readonly number[];
  readonly data: string;
};
type Balance = {
  readonly accountIndex: number;
  readonly mint: string;
  readonly owner?: string;
  readonly programId?: string;
  readonly uiTokenAmount: { readonly amount: string; readonly decimals: number };
};
/** The members of a `getTransaction` answer in the encoding `json` that are read here. */
export type TransactionAnswer = {
  readonly slot: number;
  readonly transactionIndex?: number;
  readonly transaction: {
    readonly message: {
      readonly accountKeys: readonly string[];
      readonly header: { readonly numRequiredSignatures: number };
      readonly instructions: readonly Compiled[];
      readonly addressTableLookups?:
        | readonly {
            readonly writableIndexes: readonly number[];
            readonly readonlyIndexes: readonly number[];
          }[]
        | null;
    };
  };
  readonly meta: {
    readonly err: unknown;
    readonly fee: number;
    readonly logMessages?: readonly string[] | null;
    readonly innerInstructions?:
      | readonly { readonly index: number; readonly instructions: readonly Compiled[] }[]
      | null;
    readonly preTokenBalances?: readonly Balance[] | null;
    readonly postTokenBalances?: readonly Balance[] | null;
    readonly preBalances?: readonly number[] | null;
    readonly postBalances?: readonly number[] | null;
    readonly loadedAddresses?: {
      readonly writable: readonly string[];
      readonly readonly: readonly string[];
    } | null;
  } | null;
};

const ANSWER_MS = 20_000;
/** How often a request is tried in all, when it fails or is refused for its rate. */
const TRIES = 4;
const PAUSE_MS = 400;

function balancesOf(
  { preTokenBalances, postTokenBalances }: NonNullable<TransactionAnswer['meta']>,
  keys: readonly Address[],
): TokenBalance[] {
  const of = (list: readonly Balance[] | null | undefined) =>
    new Map((list ?? []).map((each) => [`${each.accountIndex} ${each.mint}`, each]));
  const [before, after] = [of(preTokenBalances), of(postTokenBalances)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key): TokenBalance[] => {
    const [pre, post] = [before.get(key), after.get(key)];
    const known = post ?? pre;
    const account = known && keys[known.accountIndex];
    if (known === undefined || account === undefined) return [];
    return [
      {
        account,
        mint: known.mint as Address,
        decimals: known.uiTokenAmount.decimals,
        program: (known.programId ?? null) as Address | null,
        owner: (pre?.owner ?? null) as Address | null,
        ownerAfter: (post?.owner ?? null) as Address | null,
        before: BigInt(pre?.uiTokenAmount.amount ?? 0),
        after: BigInt(post?.uiTokenAmount.amount ?? 0),
      },
    ];
  });
}

/**
 * Whether a node recorded all accounts of a transaction: the addresses from lookup tables are as
 * many as the message asks for, and both lists of lamports are as long as the list of accounts.
 */
function hasAllKeys(
  { message }: TransactionAnswer['transaction'],
  { loadedAddresses, preBalances, postBalances }: NonNullable<TransactionAnswer['meta']>,
): boolean {
  const lookups = message.addressTableLookups ?? [];
  const [writable, readonly] = [
    lookups.reduce((sum, each) => sum + each.writableIndexes.length, 0),
    lookups.reduce((sum, each) => sum + each.readonlyIndexes.length, 0),
  ];
  const keys = message.accountKeys.length + writable + readonly;
  return (
    (loadedAddresses?.writable ?? []).length === writable &&
    (loadedAddresses?.readonly ?? []).length === readonly &&
    preBalances?.length === keys &&
    postBalances?.length === keys
  );
}

/** A transaction from a node's answer. */
function transactionFrom(
  signature: Signature,
  { slot, transactionIndex, transaction, meta }: TransactionAnswer,
): ChainTransaction {
  if (meta === null) throw new Error(`the node has ${signature} and not its metadata`);
  // A list that a node did not record is null. A transaction that failed before it was executed has
  // no list of calls either, and moved its fee alone.
  const { innerInstructions, preTokenBalances, postTokenBalances } = meta;
  const recorded = ![innerInstructions, preTokenBalances, postTokenBalances].includes(null);
  if (meta.err === null && !recorded)
    throw new Error(`the node has ${signature} and did not record its calls or balances`);
  if (meta.err === null && !hasAllKeys(transaction, meta))
    throw new Error(`the node has ${signature} and did not record all of its accounts`);
  const { message } = transaction;
  const keys = [
    ...message.accountKeys,
    ...(meta.loadedAddresses?.writable ?? []),
    ...(meta.loadedAddresses?.readonly ?? []),
  ] as Address[];
  const called = new Map(
    (meta.innerInstructions ?? []).map((each) => [each.index, each.instructions]),
  );
  const executed = [message.instructions, ...called.values()].flat();
  const places = [
    ...executed.flatMap((each) => [each.programIdIndex, ...each.accounts]),
    ...[...(preTokenBalances ?? []), ...(postTokenBalances ?? [])].map((each) => each.accountIndex),
  ];
  if (meta.err === null && places.some((each) => keys[each] === undefined))
    throw new Error(`the node points past the accounts of ${signature}`);
  checkInstructionData(executed.map((each) => each.data));
  const resolve = ({ programIdIndex, accounts, data }: Compiled) => ({
    program: keys[programIdIndex] ?? ('' as Address),
    accounts: accounts.map((index) => keys[index] ?? ('' as Address)),
    data: base58Bytes(data) ?? new Uint8Array(),
  });
  return {
    signature,
    slot,
    blockIndex: transactionIndex ?? null,
    error: meta.err,
    keys,
    instructions: message.instructions.map(
      (each, index): ExecutedInstruction => ({
        ...resolve(each),
        inner: (called.get(index) ?? []).map(resolve),
      }),
    ),
    tokenBalances: balancesOf(meta, keys),
    signers: keys.slice(0, message.header.numRequiredSignatures),
    fee: BigInt(meta.fee),
    lamports: null,
    logs: meta.logMessages ?? ['Log truncated'],
  };
}

const failed = (message: string): Fault => new Fault('rpc_unavailable', message);

/**
 * The sentence for a node that gives no answer. The sentence names the host alone, because a path
 * may be a key.
 */
function unreachable(url: string, thrown: unknown): string {
  const host = URL.canParse(url) ? new URL(url).host : 'the URL';
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  return `The node at ${host} does not answer: ${messageOf(cause)}.`;
}

/**
 * Opens a node. `send` carries the requests and `pause` waits between tries. Calls reject when the
 * node gives no answer in four tries.
 */
export function openNode(
  url: string,
  pause: (ms: number) => Promise<void>,
  send: typeof fetch = fetch,
): Node {
  const once = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const answer = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(ANSWER_MS),
    }).catch((thrown: unknown) => {
      throw failed(unreachable(url, thrown));
    });
    if (!answer.ok) throw failed(`${method}: the node answers ${answer.status}`);
    const body = (await answer.json()) as {
      result?: unknown;
      error?: { code?: number; message?: string };
    };
    if (body.error !== undefined)
      throw failed(`${method}: ${body.error.message ?? 'error'} (${body.error.code})`);
    return body.result ?? null;
  };
  const ask = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    for (let tried = 1; ; tried++)
      try {
        return await once(method, params);
      } catch (thrown) {
        if (tried === TRIES) throw thrown;
        await pause(PAUSE_MS * 2 ** (tried - 1));
      }
  };
  return {
    genesisHash: async () => String(await ask('getGenesisHash', [])),
    async transaction(signature) {
      const found = (await ask('getTransaction', [
        signature,
        { commitment: 'finalized', encoding: 'json', maxSupportedTransactionVersion: 1 },
      ])) as TransactionAnswer | null;
      return found === null ? null : transactionFrom(signature, found);
    },
  };
}
