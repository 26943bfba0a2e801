// Probe: reads a node's version, chain, slot and accounts for the doctor, and checks that a
// WebSocket sends slots.
import { type Connection, PublicKey } from '@solana/web3.js';
import { WebSocket } from 'ws';
import type { Address, Slot } from '../core/ids.ts';
import { givesBlocks } from './blocks.ts';
import { addressOf } from './keys.ts';
import { asking, redact } from './rpc.ts';
import { MESSAGE_BYTES_MOST } from './socket.ts';

export type NodeReport = {
  readonly version: string;
  readonly genesis: string;
  readonly slot: Slot;
  /**
   * When the last finalized block was made, by the chain's clock. Milliseconds since 1970; null
   * when unknown.
   */
  readonly blockTimeMs: number | null;
  /** Whether it serves `getBlocks` and `getBlock`. */
  readonly givesBlocks: boolean;
};
export type OwnedAccount = {
  readonly owner: Address;
  readonly executable: boolean;
  readonly lamports: bigint;
  readonly data: Uint8Array;
};

/** Reads a node's report. Throws `rpc_unavailable` or `rpc_refused`. */
export async function readNode(connection: Connection): Promise<NodeReport> {
  const version = await asking('getVersion', () => connection.getVersion());
  const genesis = await asking('getGenesisHash', () => connection.getGenesisHash());
  const slot = await asking('getSlot', () => connection.getSlot('finalized'));
  const time = await asking('getBlockTime', () => connection.getBlockTime(slot)).catch(() => null);
  return {
    version: version['solana-core'],
    genesis,
    slot,
    blockTimeMs: time === null ? null : time * 1_000,
    givesBlocks: await givesBlocks(connection, slot),
  };
}

/** Reads accounts with their owners; null for an account that does not exist. */
export async function readOwned(
  connection: Connection,
  addresses: readonly Address[],
): Promise<(OwnedAccount | null)[]> {
  const found = await asking('getMultipleAccounts', () =>
    connection.getMultipleAccountsInfo(addresses.map((each) => new PublicKey(each))),
  );
  return found.map((each) =>
    each === null
      ? null
      : {
          owner: addressOf(each.owner),
          executable: each.executable,
          lamports: BigInt(each.lamports),
          data: new Uint8Array(each.data),
        },
  );
}

/**
 * The next slot that a WebSocket sends. Rejects when none comes before `signal` aborts, and when
 * the connection fails.
 */
export function hearSlot(url: string, signal: AbortSignal): Promise<Slot> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { maxPayload: MESSAGE_BYTES_MOST });
    const over = new AbortController();
    const end = (finish: () => void): void => {
      over.abort();
      socket.removeAllListeners();
      // Later messages and errors of the socket are ignored.
      socket.on('error', () => {});
      socket.terminate();
      finish();
    };
    signal.addEventListener(
      'abort',
      () => end(() => reject(new Error('it was opened, and no slot came in time'))),
      { once: true, signal: over.signal },
    );
    socket.on('error', (error) => end(() => reject(new Error(redact(error.message)))));
    socket.on('open', () =>
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'slotSubscribe', params: [] })),
    );
    socket.on('message', (data) => {
      let told: { method?: string; params?: { result?: { slot?: Slot } } } | null;
      try {
        told = JSON.parse(String(data));
      } catch {
        end(() => reject(new Error('it sends text that is not JSON, so it is no node')));
        return;
      }
      const slot = told?.params?.result?.slot;
      if (told?.method === 'slotNotification' && slot !== undefined) end(() => resolve(slot));
    });
  });
}
