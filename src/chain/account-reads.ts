// Account reads: reads accounts at one commitment, whole or a slice of each. Whole accounts that
// many plans of a burst ask for are read together: addresses that several of them name are read
// once, and one request carries up to a hundred.
import type { Connection } from '@solana/web3.js';
import type { Chain, ChainAccount, Slice } from '../core/chain-ports.ts';
import type { Commitment } from '../core/fact.ts';
import { Fault } from '../core/fault.ts';
import { afterEvents, createGatherer } from '../core/gather.ts';
import type { Address, Slot } from '../core/ids.ts';
import { askNode, countOf, itemsOf, membersOf, textOf } from './question.ts';
import { asking } from './rpc.ts';

const ACCOUNTS_MOST = 100;
/** Shared requests under way at once. Plans that come meanwhile wait for the next one. */
const REQUESTS_MOST = 2;

type Found = Awaited<ReturnType<Chain['accounts']>>;
/** Checks the slot that a node names for its answer. Throws `rpc_unavailable`. */
export type CheckSlot = (method: string, slot: Slot) => Slot;

/** An account of an answer in base64; null for one that does not exist. */
export function accountOf(value: unknown): ChainAccount | null {
  if (value === null) return null;
  const { lamports, owner, data } = membersOf(value, 'an account');
  const [text] = itemsOf(data, 'data');
  return {
    lamports: BigInt(countOf(lamports, 'lamports')),
    owner: textOf(owner, 'owner') as Address,
    data: new Uint8Array(Buffer.from(textOf(text, 'data'), 'base64')),
  };
}

/** Reads at most a hundred accounts in one request; null for an account that does not exist. */
export async function readAccounts(
  connection: Connection,
  addresses: readonly Address[],
  slice: Slice | null,
  commitment: Commitment,
  checkSlot: CheckSlot,
): Promise<Found> {
  if (addresses.length > ACCOUNTS_MOST)
    throw new RangeError(`at most ${ACCOUNTS_MOST} accounts a read`);
  const found = await asking('getMultipleAccounts', async () => {
    const { context, value } = membersOf(
      await askNode(connection, 'getMultipleAccounts', [
        addresses,
        { commitment, encoding: 'base64', ...(slice === null ? {} : { dataSlice: slice }) },
      ]),
      'the answer',
    );
    const accounts = itemsOf(value, 'value').map(accountOf);
    if (accounts.length !== addresses.length)
      throw new Error(`${accounts.length} accounts in answer to ${addresses.length}`);
    return { slot: countOf(membersOf(context, 'context').slot, 'slot'), accounts };
  });
  return { ...found, slot: checkSlot('getMultipleAccounts', found.slot) };
}

/** The number of readings, in order, whose addresses fit one request together. */
function countOfReadings(waiting: readonly (readonly Address[])[]): number {
  const named = new Set<Address>();
  for (const [index, addresses] of waiting.entries()) {
    for (const each of addresses) named.add(each);
    if (named.size > ACCOUNTS_MOST) return index;
  }
  return waiting.length;
}

/** Creates `Chain.accounts`: readings of the same moment share requests. */
export function createAccountReads(
  connection: Connection,
  checkSlot: CheckSlot,
): Chain['accounts'] {
  const read = createGatherer<readonly Address[], Found>(
    async (readings) => {
      const addresses = [...new Set(readings.flat())];
      const { slot, accounts } = await readAccounts(
        connection,
        addresses,
        null,
        'confirmed',
        checkSlot,
      );
      const at = new Map(addresses.map((each, index) => [each, accounts[index] ?? null]));
      return readings.map((each) => ({
        slot,
        accounts: each.map((address) => at.get(address) ?? null),
      }));
    },
    {
      count: countOfReadings,
      atOnce: REQUESTS_MOST,
      when: afterEvents,
      apart: (thrown) => thrown instanceof Fault && thrown.code === 'rpc_refused',
    },
  );
  return (addresses) => read(addresses);
}
