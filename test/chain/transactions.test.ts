// Transactions: every version that a node may answer with, brought into the one shape the rest
// reads: legacy, version 0 with lookup tables, version 1. Served over HTTP to a stock Connection.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openConnection } from '../../src/chain/rpc.ts';
import { readTransaction } from '../../src/chain/transactions.ts';
import { base58Text, type Signature } from '../../src/core/ids.ts';
import { OTHER, someone, TOKEN } from '../support/made-transaction.ts';

const [payer, source, looked, seen] = [someone(), someone(), someone(), someone()];
const message = {
  accountKeys: [payer, source, OTHER],
  header: {
    numRequiredSignatures: 1,
    numReadonlySignedAccounts: 0,
    numReadonlyUnsignedAccounts: 1,
  },
  recentBlockhash: someone(),
  instructions: [
    { programIdIndex: 2, accounts: [0, 1, 3], data: '3Bxs4h24hBtQy9rw', stackHeight: null },
  ],
};
const meta = {
  err: null,
  fee: 5000,
  preBalances: [1, 1, 1, 1, 1],
  postBalances: [1, 1, 1, 1, 1],
  innerInstructions: [
    {
      index: 0,
      instructions: [{ programIdIndex: 4, accounts: [1, 3], data: '3Dc8EpW7Kr3R', stackHeight: 2 }],
    },
  ],
  logMessages: [`Program ${OTHER} invoke [1]`],
  preTokenBalances: [
    {
      accountIndex: 1,
      mint: seen,
      owner: payer,
      programId: TOKEN,
      uiTokenAmount: {
        amount: '18446744073709551615',
        decimals: 6,
        uiAmount: null,
        uiAmountString: '',
      },
    },
  ],
  postTokenBalances: [],
  loadedAddresses: { writable: [looked], readonly: [TOKEN] },
  rewards: [],
};
/** The account at index 1, closed with nothing in it, and made again for another mint. */
const [ended, begun] = [
  { amount: '0', mint: seen },
  { amount: '1000', mint: looked },
].map(({ amount, mint }) => ({
  accountIndex: 1,
  mint,
  owner: payer,
  programId: TOKEN,
  uiTokenAmount: { amount, decimals: 6 },
}));
const lookups = [{ accountKey: someone(), writableIndexes: [0], readonlyIndexes: [1] }];
const answers: Record<string, unknown> = {
  legacy: { ...message },
  v0: { ...message, addressTableLookups: lookups },
  reopened: { ...message, addressTableLookups: lookups },
  v1: {
    ...message,
    accountKeys: [payer, source, OTHER, looked, TOKEN],
    transactionConfig: {
      computeUnitLimit: 200_000,
      priorityFee: 7_000,
      loadedAccountsDataSizeLimit: null,
      heapSize: null,
    },
  },
};
const dataOf = (texts: readonly string[]) => ({
  ...message,
  accountKeys: [payer, source, OTHER, looked, TOKEN],
  instructions: texts.map((data) => ({ programIdIndex: 2, accounts: [0], data })),
});
/** As long as data of a call may be, too long, and too much of it. */
const LONGEST = base58Text(new Uint8Array(10_240).fill(255));
answers.longest = dataOf([LONGEST]);
answers.longer = dataOf([`${LONGEST}${'z'.repeat(20)}`]);
/** The one inner call, in other words of the node. */
const called = (told: object) => ({
  innerInstructions: [{ index: 0, instructions: [{ data: '3Dc8EpW7Kr3R', ...told }] }],
});
// Of these the node did not record a part, pointed past the five accounts, or recorded that there
// is nothing.
const partial: Record<string, object> = {
  calls: { innerInstructions: null },
  before: { preTokenBalances: null },
  after: { postTokenBalances: null },
  absent: { innerInstructions: undefined },
  tables: { loadedAddresses: null },
  table: { loadedAddresses: { writable: [looked], readonly: [] } },
  mixed: { loadedAddresses: { writable: [], readonly: [looked, TOKEN] } },
  lamports: { preBalances: null },
  later: { postBalances: undefined },
  fewer: { postBalances: [1, 1, 1, 1] },
  balance: { preTokenBalances: [{ ...meta.preTokenBalances[0], accountIndex: 5 }] },
  balanceAfter: { postTokenBalances: [{ ...meta.preTokenBalances[0], accountIndex: 5 }] },
  program: called({ programIdIndex: 5, accounts: [1, 3] }),
  account: called({ programIdIndex: 4, accounts: [1, 5] }),
  untold: { err: 'AccountNotFound', loadedAddresses: null, preBalances: null },
  empty: { innerInstructions: [], preTokenBalances: [], postTokenBalances: [] },
  failed: { err: { InsufficientFundsForRent: { account_index: 0 } }, innerInstructions: null },
};
for (const name of Object.keys(partial))
  answers[name] = { ...message, addressTableLookups: lookups };
// Without the bound on all of it this takes a minute, in which the process does nothing else.
answers.more = dataOf(Array.from({ length: 900 }, () => LONGEST));

let server: Server;
let asked: { params: [string, { maxSupportedTransactionVersion: number }] }[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString());
      asked.push(body);
      const version = String(body.params[0]);
      const result = {
        slot: 9,
        transactionIndex: 4,
        blockTime: 1,
        version: version.startsWith('v')
          ? Number(version.slice(1))
          : version === 'legacy'
            ? 'legacy'
            : 0,
        transaction: { message: answers[version], signatures: [version] },
        meta:
          version === 'v2'
            ? null
            : version === 'v0'
              ? meta
              : partial[version] !== undefined
                ? { ...meta, ...partial[version] }
                : version === 'reopened'
                  ? { ...meta, preTokenBalances: [ended], postTokenBalances: [begun] }
                  : {
                      ...meta,
                      loadedAddresses:
                        version === 'v1' ? { writable: [], readonly: [] } : undefined,
                    },
      };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ jsonrpc: '2.0', id: body.id, result }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

test('a transaction without its outcome is no absence: another node may have it', async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connection = openConnection(url, null);
  await expect(readTransaction(connection, 'v2' as Signature, 'finalized')).rejects.toMatchObject({
    code: 'rpc_unavailable',
  });
});

test('a successful transaction without its calls, balances or accounts is not read', async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const read = (version: string) =>
    readTransaction(openConnection(url, null), version as Signature, 'finalized');
  for (const version of ['calls', 'before', 'after', 'absent'])
    await expect(read(version)).rejects.toMatchObject({ code: 'rpc_unavailable' });
  // Accounts from lookup tables, or lamports of accounts, are missing.
  for (const version of ['tables', 'table', 'mixed', 'lamports', 'later', 'fewer'])
    await expect(read(version)).rejects.toMatchObject({ code: 'rpc_unavailable' });
  // A token balance, a called program or an account of a call is none of the five accounts.
  for (const version of ['balance', 'balanceAfter', 'program', 'account'])
    await expect(read(version), version).rejects.toMatchObject({ code: 'rpc_unavailable' });
  expect(await read('untold')).toMatchObject({ lamports: null, fee: 5_000n });
  // Nothing was called, and no token account took part.
  expect(await read('empty')).toMatchObject({ instructions: [{ inner: [] }], tokenBalances: [] });
  // It failed before it was executed, and took its fee.
  expect(await read('failed')).toMatchObject({ instructions: [{ inner: [] }], fee: 5_000n });
});

test('a node that answers with more instruction data than a transaction can have gave no answer', async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const read = (version: string) =>
    readTransaction(openConnection(url, null), version as Signature, 'confirmed');
  const whole = await read('longest');
  expect(whole?.instructions[0]?.data).toHaveLength(10_240);
  for (const version of ['longer', 'more'])
    await expect(read(version)).rejects.toMatchObject({ code: 'rpc_unavailable' });
});

test.each(['v0', 'v1'])('%s: the same instruction, calls and balances', async (version) => {
  asked = [];
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const read = await readTransaction(openConnection(url, null), version as Signature, 'confirmed');
  expect(asked[0]?.params[1].maxSupportedTransactionVersion).toBe(1);
  expect(read).toMatchObject({
    slot: 9,
    blockIndex: 4,
    keys: [payer, source, OTHER, looked, TOKEN],
    instructions: [
      {
        program: OTHER,
        accounts: [payer, source, looked],
        inner: [{ program: TOKEN, accounts: [source, looked] }],
      },
    ],
    tokenBalances: [
      {
        account: source,
        before: 18_446_744_073_709_551_615n,
        after: 0n,
        owner: payer,
        ownerAfter: null,
      },
    ],
  });
});

test('an account that is closed and made again for another mint has a row of each mint', async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connection = openConnection(url, null);
  const read = await readTransaction(connection, 'reopened' as Signature, 'confirmed');
  const own = { account: source, decimals: 6, program: TOKEN };
  expect(read?.tokenBalances).toEqual([
    { ...own, mint: seen, owner: payer, ownerAfter: null, before: 0n, after: 0n },
    { ...own, mint: looked, owner: null, ownerAfter: payer, before: 0n, after: 1_000n },
  ]);
});
