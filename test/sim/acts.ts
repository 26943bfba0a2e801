// Acts: what people do on the simulated chain, each act as the instructions of one transaction.
import { SYSTEM, TOKEN } from './chain/account.ts';
import { CALL, fillData } from './chain/drift.ts';
import type { SimInstruction } from './chain/message.ts';
import { ASSOCIATED, MEMO } from './chain/programs.ts';
import type { SimVenue } from './chain/venues.ts';
import { type Person, PLACES, STRANGER, strangerTokens, venueOfUser } from './world.ts';

const withU64 = (head: readonly number[], amount: bigint, tail: readonly number[] = []) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(amount);
  return new Uint8Array([...head, ...bytes, ...tail]);
};
const hex = (text: string): number[] => [...Buffer.from(text, 'hex')];
/** The program, accounts and name of an instruction of a user's venue. */
const venueOf = (user: string) => {
  const venue = venueOfUser(user);
  return { ...PLACES[venue.name], ...venue, tokens: strangerTokens(venue) };
};

/** The acts of people, each as the instructions of one transaction. */
export const ACTS = {
  /** Opens and closes a position: the close is what makes a debt. */
  close: (user: string, market: number, netPnl: bigint, base = 1_000_000_000n) => {
    const { program, state, perpMarkets } = venueOf(user);
    const accounts = [state, user, perpMarkets[market] ?? ''];
    return [
      { program, accounts, data: fillData({ market, base, netPnl: null }) },
      { program, accounts, data: fillData({ market, base, netPnl }) },
    ];
  },
  withdraw: (person: Person, user: string, amount: bigint, into: string): SimInstruction[] => {
    const { program, name, state, vault, signer } = venueOf(user);
    const own = [state, user, person.stats[name], person.agent];
    const accounts = [...own, vault, signer, into, TOKEN];
    return [{ program, accounts, data: withU64([...hex(CALL.withdraw), 0, 0], amount, [1]) }];
  },
  deposit: (person: Person, user: string, amount: bigint): SimInstruction[] => {
    const { program, name, state, vault, tokens } = venueOf(user);
    const accounts = [state, user, person.stats[name], STRANGER, vault, tokens, TOKEN];
    return [{ program, accounts, data: withU64([...hex(CALL.deposit), 0, 0], amount, [0]) }];
  },
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
  freeze: (account: string, frozen: boolean, { mint }: SimVenue): SimInstruction[] => [
    {
      program: TOKEN,
      accounts: [account, mint, STRANGER],
      data: Uint8Array.of(frozen ? 10 : 11),
    },
  ],
};

/** Opens another person's token account at the stranger's cost. */
export const openTokens = (
  account: string,
  owner: string,
  { mint }: SimVenue,
): SimInstruction[] => [
  {
    program: ASSOCIATED,
    accounts: [STRANGER, account, owner, mint, SYSTEM, TOKEN],
    data: Uint8Array.of(1),
  },
];
