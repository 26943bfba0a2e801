// Acts: what people do on the simulated chain, each act as the instructions of one transaction.
import { QUOTE_MINT } from '../../src/venue/drift-v2/profile.ts';
import { SYSTEM, TOKEN } from './chain/account.ts';
import { CALL, DRIFT_PROGRAM, fillData } from './chain/drift.ts';
import type { SimInstruction } from './chain/message.ts';
import { ASSOCIATED, MEMO } from './chain/programs.ts';
import { type Person, PLACES, STRANGER, STRANGER_TOKENS } from './world.ts';

const withU64 = (head: readonly number[], amount: bigint, tail: readonly number[] = []) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(amount);
  return new Uint8Array([...head, ...bytes, ...tail]);
};
const hex = (text: string): number[] => [...Buffer.from(text, 'hex')];
const venue = (accounts: readonly string[], data: Uint8Array): SimInstruction => ({
  program: DRIFT_PROGRAM,
  accounts,
  data,
});

/** The acts of people, each as the instructions of one transaction. */
export const ACTS = {
  /** Opens and closes a position: the close is what makes a debt. */
  close: (user: string, market: number, netPnl: bigint, base = 1_000_000_000n) => {
    const accounts = [PLACES.state, user, PLACES.perpMarkets[market] ?? ''];
    return [
      venue(accounts, fillData({ market, base, netPnl: null })),
      venue(accounts, fillData({ market, base, netPnl })),
    ];
  },
  withdraw: (person: Person, user: string, amount: bigint, into: string) => [
    venue(
      [PLACES.state, user, person.stats, person.agent, PLACES.vault, PLACES.signer, into, TOKEN],
      withU64([...hex(CALL.withdraw), 0, 0], amount, [1]),
    ),
  ],
  deposit: (person: Person, user: string, amount: bigint) => [
    venue(
      [PLACES.state, user, person.stats, STRANGER, PLACES.vault, STRANGER_TOKENS, TOKEN],
      withU64([...hex(CALL.deposit), 0, 0], amount, [0]),
    ),
  ],
  sendSol: (to: string, lamports: bigint) => [
    { program: SYSTEM, accounts: [STRANGER, to], data: withU64([2, 0, 0, 0], lamports) },
  ],
  sendTokens: (from: string, to: string, authority: string, amount: bigint) => [
    { program: TOKEN, accounts: [from, to, authority], data: withU64([3], amount) },
  ],
  memo: (text: string): SimInstruction[] => [
    { program: MEMO, accounts: [], data: new Uint8Array(Buffer.from(text)) },
  ],
  closeTokens: (account: string, owner: string): SimInstruction[] => [
    { program: TOKEN, accounts: [account, owner, owner], data: Uint8Array.of(9) },
  ],
  giveAway: (account: string, owner: string, key: Uint8Array): SimInstruction[] => [
    { program: TOKEN, accounts: [account, owner], data: Uint8Array.from([6, 2, 1, ...key]) },
  ],
  freeze: (account: string, frozen: boolean): SimInstruction[] => [
    {
      program: TOKEN,
      accounts: [account, QUOTE_MINT, STRANGER],
      data: Uint8Array.of(frozen ? 10 : 11),
    },
  ],
};

/** Opens another person's token account at the stranger's cost. */
export const openTokens = (account: string, owner: string): SimInstruction[] => [
  {
    program: ASSOCIATED,
    accounts: [STRANGER, account, owner, QUOTE_MINT, SYSTEM, TOKEN],
    data: Uint8Array.of(1),
  },
];
