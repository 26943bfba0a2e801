// Genesis question: asks a node for its genesis hash, which names its chain; or whether it knows a
// blockhash, which tells the chain of a node that names no genesis hash.
import type { Connection } from '@solana/web3.js';
import { Fault, messageOf } from '../core/fault.ts';
import type { Send } from './answer.ts';
import { asking, redact, shownUrl } from './rpc.ts';

/** Asks a node for its genesis hash. Throws `rpc_unavailable`. */
export async function askGenesis(url: string, send: Send): Promise<string> {
  try {
    const response = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"jsonrpc":"2.0","id":1,"method":"getGenesisHash"}',
    });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const { result } = JSON.parse(await response.text()) as { result?: unknown };
    if (typeof result !== 'string') throw new Error('it names no genesis hash');
    return result;
  } catch (thrown) {
    throw new Fault(
      'rpc_unavailable',
      `getGenesisHash of ${shownUrl(url)}: ${redact(messageOf(thrown)).slice(0, 200)}`,
    );
  }
}

/**
 * Creates the question whether a node knows a blockhash of the last 150 blocks. It throws
 * `rpc_unavailable` or `rpc_refused`.
 */
export const knowsBlockhash =
  (connection: Connection) =>
  async (blockhash: string): Promise<boolean> => {
    const { value } = await asking('isBlockhashValid', () =>
      connection.isBlockhashValid(blockhash, { commitment: 'processed' }),
    );
    return value;
  };
