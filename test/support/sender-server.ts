// Sender server: a sender endpoint on real HTTP. It refuses a transaction without its tip, as real
// ones do, and executes the others on the local chain.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SystemProgram, VersionedTransaction } from '@solana/web3.js';
import { base58Text } from '../../src/core/ids.ts';
import type { Settings } from '../../src/system/settings.ts';

export type SenderServer = Disposable & {
  readonly url: string;
  /** Executes each transaction that it takes; the test sets it. */
  submit: (transaction: VersionedTransaction, bytes: Uint8Array) => void;
  /** What it took, with the tip. */
  readonly took: { readonly bytes: Uint8Array; readonly account: string; readonly tip: bigint }[];
  /** What it refused, because it held no tip. */
  readonly refused: Uint8Array[];
};

/** The tip in a transaction to one of these accounts; null for none. */
function tipIn({ message }: VersionedTransaction, accounts: readonly string[]) {
  const key = (index: number) => message.staticAccountKeys[index]?.toBase58() ?? '';
  for (const { programIdIndex, accountKeyIndexes, data } of message.compiledInstructions) {
    const [, to = -1] = accountKeyIndexes;
    const isTransfer = key(programIdIndex) === SystemProgram.programId.toBase58() && data[0] === 2;
    if (isTransfer && accounts.includes(key(to)))
      return { account: key(to), tip: Buffer.from(data).readBigUInt64LE(4) };
  }
  return null;
}

/** Opens a sender with these accounts for tips. */
export async function openSenderServer(accounts: readonly string[]): Promise<SenderServer> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      const { id, params } = JSON.parse(body) as { id: unknown; params: [string] };
      const bytes = new Uint8Array(Buffer.from(params[0], 'base64'));
      const transaction = VersionedTransaction.deserialize(bytes);
      const tip = tipIn(transaction, accounts);
      const answer = (more: object) =>
        response.end(JSON.stringify({ jsonrpc: '2.0', id, ...more }));
      if (tip === null) {
        opened.refused.push(bytes);
        return void answer({ error: { code: -32602, message: 'transaction must send a tip' } });
      }
      opened.took.push({ bytes, ...tip });
      opened.submit(transaction, bytes);
      answer({ result: base58Text(transaction.signatures[0] ?? new Uint8Array(64)) });
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const opened: SenderServer = {
    url: `http://127.0.0.1:${port}/fast?api-key=secret`,
    submit: () => {},
    took: [],
    refused: [],
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
  return opened;
}

/** The settings of a daemon that uses this sender, with a tip of 5,000 lamports. */
export const sendingTo =
  ({ url }: SenderServer, accounts: readonly string[]) =>
  (given: Settings): Settings => ({
    ...given,
    rpc: { ...given.rpc, senderUrl: url },
    payments: {
      ...given.payments,
      sender: { tip: '5000', tipLeast: '5000', tipMost: '9000', accounts: [...accounts] },
    },
  });
