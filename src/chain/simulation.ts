// Simulation: runs a transaction on a node without signatures, against the node's latest blockhash.
import type { Connection } from '@solana/web3.js';
import type { ChainAccount, Simulated } from '../core/chain-ports.ts';
import { type Address, isAddress } from '../core/ids.ts';
import { accountOf, type CheckSlot } from './account-reads.ts';
import { askNode, countOf, itemsOf, membersOf, textOf } from './question.ts';
import { asking } from './rpc.ts';

/** A transaction to simulate: its bytes, and the programs of its instructions, in order. */
export type Rehearsal = { readonly bytes: Uint8Array; readonly programs: readonly Address[] };
type Blockhash = Pick<Simulated, 'blockhash' | 'lastValidBlockHeight'>;

const blockhashOf = (value: unknown): Blockhash => {
  const { blockhash: given, lastValidBlockHeight } = membersOf(value, 'a blockhash');
  const blockhash: string = textOf(given, 'blockhash');
  if (!isAddress(blockhash)) throw new Error('the blockhash has not 32 bytes');
  return {
    blockhash,
    lastValidBlockHeight: countOf(lastValidBlockHeight, 'lastValidBlockHeight'),
  };
};
/** The latest blockhash at confirmed commitment. */
export const askLatest = (connection: Connection): Promise<Blockhash> =>
  asking('getLatestBlockhash', async () => {
    const answer = await askNode(connection, 'getLatestBlockhash', [{ commitment: 'confirmed' }]);
    return blockhashOf(membersOf(answer, 'the answer').value);
  });

/** Simulates at confirmed commitment, and returns these accounts as they would be afterwards. */
export async function simulate(
  connection: Connection,
  { bytes, programs }: Rehearsal,
  watched: readonly Address[],
  checkSlot: CheckSlot,
): Promise<Omit<Simulated, 'tables'>> {
  const found = await asking('simulateTransaction', async () => {
    const { context, value } = membersOf(
      await askNode(connection, 'simulateTransaction', [
        Buffer.from(bytes).toString('base64'),
        {
          encoding: 'base64',
          commitment: 'confirmed',
          sigVerify: false,
          replaceRecentBlockhash: true,
          ...(watched.length === 0 ? {} : { accounts: { encoding: 'base64', addresses: watched } }),
        },
      ]),
      'the answer',
    );
    const told = membersOf(value, 'value');
    const { replacementBlockhash } = told;
    return {
      error: told.err ?? null,
      units: told.unitsConsumed == null ? 0 : countOf(told.unitsConsumed, 'unitsConsumed'),
      logs: told.logs == null ? [] : itemsOf(told.logs, 'logs').map((each) => textOf(each, 'log')),
      accounts:
        told.accounts == null
          ? []
          : itemsOf(told.accounts, 'accounts').map((each): ChainAccount | null => accountOf(each)),
      replaced: replacementBlockhash == null ? null : blockhashOf(replacementBlockhash),
      slot: countOf(membersOf(context, 'context').slot, 'slot'),
    };
  });
  const { replaced, ...rest } = found;
  // The node returns the blockhash that it used. An older node does not, and is asked for its
  // latest.
  const latest = replaced ?? (await askLatest(connection));
  return { ...rest, ...latest, programs, slot: checkSlot('simulateTransaction', found.slot) };
}
