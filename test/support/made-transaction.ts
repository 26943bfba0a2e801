// Made transaction: a transaction built by hand from the venue's layouts, which no program has
// executed: instructions with what they called, the records each call emitted, and the token
// balances. The log is written as the runtime writes it, or cut off. Nothing checks that records,
// balances and instructions agree: a test says each of them.
import { createHash } from 'node:crypto';
import { Keypair } from '@solana/web3.js';
import type { Fact, FactBody } from '../../src/core/fact.ts';
import type { VenueMove } from '../../src/core/holdings.ts';
import { type Address, base58Bytes, type Signature } from '../../src/core/ids.ts';
import { type AccountState, meaningsOf, NO_COUNTERS } from '../../src/core/reckoning.ts';
import type { ChainTransaction, TokenBalance } from '../../src/core/transaction.ts';
import type { Watched } from '../../src/core/watch-ports.ts';
import { DRIFT_LAYOUT, type Layout, type Struct } from '../../src/local/drift/layout.ts';
import { VELOCITY_LAYOUT } from '../../src/local/velocity/layout.ts';
import type { Dialect } from '../../src/venue/dialect.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';
import { hear } from './hear.ts';
import { FEE, lamportsOf } from './made-lamports.ts';

/** A new address, which nothing watches. */
export const someone = (): Address => Keypair.generate().publicKey.toBase58() as Address;
export const TOKEN = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA' as Address;
export const SYSTEM = '11111111111111111111111111111111' as Address;
/** Jupiter: a program whose calls the venue does not read. */
export const OTHER = 'JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4' as Address;

/** The agent's wallet of the subscriber `ana`. */
export const agent = someone();
/** Its account of quote tokens, at any address but the one that derives from the wallet. */
export const agentTokens = someone();
/** The token account of the venue that deposits go to and withdrawals come from. */
export const vault = someone();
/** The owner of that account: the signer of the venue's program. */
const venueSigner = someone();
/** A wallet that is nothing to `ana`. */
export const stranger = someone();

/** A record of the venue, on a `Program data` line, or on a `Program log` line with `as: 'log'`. */
type Emitted = { readonly event: string; readonly value: Struct; readonly as?: 'log' | 'data' };
/** place_and_take_perp_order: moves neither value nor control by itself. */
const ORDER = 'd53301bb6cdce6e0';

/** A call of a program, with the records that it emits. */
export type MadeCall = {
  readonly program: Address;
  readonly accounts: readonly Address[];
  readonly data: Uint8Array;
  readonly emits?: readonly Emitted[];
};
/** An instruction of the transaction, with the calls that it makes. */
export type Made = MadeCall & { readonly inner?: readonly MadeCall[] };

const withU64 = (head: readonly number[], amount: bigint, tail: readonly number[] = []) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(amount);
  return Buffer.from([...head, ...bytes, ...tail]);
};
/** Moves tokens (Transfer of the token program); the third account, the authority, is new. */
export const transfer = (from: Address, to: Address, amount: bigint): MadeCall => ({
  program: TOKEN,
  accounts: [from, to, someone()],
  data: withU64([3], amount),
});
/** A call of the token program. */
export const tokenCall = (accounts: readonly Address[], data: Uint8Array): MadeCall => ({
  program: TOKEN,
  accounts,
  data,
});
/** The agent lets a delegate take tokens (Approve). */
export const approve = (source: Address, delegate: Address, amount: bigint): MadeCall =>
  tokenCall([source, delegate, agent], withU64([4], amount));
/** The agent gives a token account to another owner (SetAuthority of kind 2). */
export const setOwner = (account: Address, owner: Address): MadeCall =>
  tokenCall([account, agent], Buffer.from([6, 2, 1, ...(base58Bytes(owner) ?? [])]));
/** Makes a token account of a mint for an owner (InitializeAccount3). */
export const openTokens = (account: Address, mint: Address, owner: Address): MadeCall =>
  tokenCall([account, mint], Buffer.from([18, ...(base58Bytes(owner) ?? [])]));
/** Moves lamports (Transfer of the system program). */
export const sendSol = (from: Address, to: Address, lamports: bigint): MadeCall => ({
  program: SYSTEM,
  accounts: [from, to],
  data: withU64([2, 0, 0, 0], lamports),
});

export const mine = { owner: agent, ownerAfter: agent };

export { EXCESS_LAMPORTS, FEE, WALLET_LAMPORTS } from './made-lamports.ts';

/**
 * Tokens that a venue moved into a token account for `ana`'s account there, at the first call;
 * negative when out of it.
 */
export const venueMove = (account: Address, mint: Address, amount: bigint): VenueMove => ({
  subscriberId: 'ana',
  account,
  mint,
  amount,
  place: 0,
});

let counter = 0;

/** What a test of one venue builds, with that venue's layouts, and what is heard of it. */
export function madeAt(dialect: Dialect, layout: Layout) {
  const { profile, states, addresses } = dialect;
  const at = profile.name === 'drift-v2' ? {} : { venue: profile.name };
  /** The agent's account at the venue, sub-account 0. */
  const user = addresses.user(agent, 0);

  /** The wallet, its account at the venue and its token account, all of `ana`, and no other. */
  const watched = new Map<string, Watched>(
    (
      [
        [agent, 'agent_wallet'],
        [user, 'drift_user'],
        [agentTokens, 'agent_token_account'],
      ] as const
    ).map(([address, role]) => [
      address,
      { address, subscriberId: 'ana', role, ...(role === 'drift_user' ? at : {}) },
    ]),
  );

  const discriminators = new Map<string, string>(
    Object.entries(profile.calls).map(([hex, { call }]) => [call, hex]),
  );

  /**
   * An instruction of the venue. `call` is a call of its profile; any other text makes an order
   * (place_and_take_perp_order) with 40 bytes of zeros as arguments. With `name` the instruction of
   * that name is encoded with `args` instead. `at` gives accounts by their place; every other place
   * holds a new address. It emits no record and calls nothing unless `rest` says so.
   */
  function venue(
    call: string,
    at: Readonly<Record<number, Address>>,
    rest: {
      args?: Struct;
      name?: string;
      emits?: readonly Emitted[];
      inner?: readonly MadeCall[];
    } = {},
  ): Made {
    const length = Math.max(8, ...Object.keys(at).map((index) => Number(index) + 1));
    const data =
      rest.name === undefined
        ? Buffer.concat([Buffer.from(discriminators.get(call) ?? ORDER, 'hex'), Buffer.alloc(40)])
        : layout.encodeInstruction(rest.name, rest.args ?? {});
    return {
      program: profile.programId,
      accounts: Array.from({ length }, (_, index) => at[index] ?? someone()),
      data,
      ...(rest.emits === undefined ? {} : { emits: rest.emits }),
      ...(rest.inner === undefined ? {} : { inner: rest.inner }),
    };
  }

  /**
   * The balance of a token account before and after the transaction: the quote token, owned by
   * `stranger` on both sides, of `vault` by the venue's signer, unless `given` says otherwise.
   * `mine` makes the agent its owner.
   */
  const tokens = (
    account: Address,
    before: bigint,
    after: bigint,
    given: Partial<TokenBalance> = {},
  ): TokenBalance => ({
    account,
    mint: profile.quote.mint,
    decimals: profile.quote.decimals,
    program: TOKEN,
    owner: account === vault ? venueSigner : stranger,
    ownerAfter: account === vault ? venueSigner : stranger,
    before,
    after,
    ...given,
  });
  function logOf(made: readonly Made[]): string[] {
    const lines: string[] = [];
    const write = (call: MadeCall, depth: number, inner: readonly MadeCall[]): void => {
      lines.push(`Program ${call.program} invoke [${depth}]`);
      for (const { event, value, as } of call.emits ?? [])
        lines.push(
          `Program ${as ?? 'data'}: ${Buffer.from(layout.encodeEvent(event, value)).toString('base64')}`,
        );
      for (const each of inner) write(each, depth + 1, []);
      lines.push(`Program ${call.program} success`);
    };
    for (const each of made) write(each, 1, each.inner ?? []);
    return lines;
  }

  /**
   * The transaction, with a signature of its own. Unless `given` says otherwise it succeeds, in
   * slot 100 at place 0 of the block; the agent alone signs it and pays the fee of 5,000 lamports.
   * Its log is whole, or with `cut` ends before the first record. `balances` are the only token
   * balances. Lamports follow from the instructions (made-lamports.ts).
   */
  function made(
    instructions: readonly Made[],
    balances: readonly TokenBalance[] = [],
    log: 'whole' | 'cut' = 'whole',
    given: Partial<ChainTransaction> = {},
  ): ChainTransaction {
    const signers = given.signers ?? [agent];
    const keys = [
      ...new Set([
        ...signers,
        ...instructions.flatMap((each) =>
          [each, ...(each.inner ?? [])].flatMap((call) => [call.program, ...call.accounts]),
        ),
        ...balances.map((each) => each.account),
      ]),
    ];
    return {
      signature: createHash('sha512').update(String(counter++)).digest('hex') as Signature,
      slot: 100,
      blockIndex: 0,
      error: null,
      keys,
      instructions: instructions.map(({ program, accounts, data, inner }) => ({
        program,
        accounts,
        data,
        inner: (inner ?? []).map((call) => ({
          program: call.program,
          accounts: call.accounts,
          data: call.data,
        })),
      })),
      tokenBalances: balances,
      signers,
      fee: FEE,
      lamports: lamportsOf(keys, instructions, balances, signers[0]),
      logs: log === 'whole' ? logOf(instructions) : ['Program log: noise', 'Log truncated'],
      ...given,
    };
  }

  /** The bodies of all facts that the venue's hearing finds for `ana`, in order. */
  const bodies = (transaction: ChainTransaction): FactBody[] =>
    hear(dialect, transaction, watched).map((each: Fact) => each.body);
  /** The bodies of one kind. */
  const ofKind = <Kind extends FactBody['kind']>(
    transaction: ChainTransaction,
    kind: Kind,
  ): Extract<FactBody, { kind: Kind }>[] =>
    bodies(transaction).filter((each) => each.kind === kind) as Extract<FactBody, { kind: Kind }>[];

  /**
   * A DepositRecord of `user`. Unless `value` says otherwise it is a withdrawal of nothing from
   * market 0 (the quote token at 1 USD), record 1, made by the owner and not a transfer
   * between accounts.
   */
  const depositRecord = (value: Struct): Emitted => ({
    event: 'DepositRecord',
    value: {
      ts: 1n,
      userAuthority: agent,
      user,
      direction: 'withdraw',
      depositRecordId: 1n,
      amount: 0n,
      marketIndex: 0,
      oraclePrice: 1_000_000n,
      marketDepositBalance: 0n,
      marketWithdrawBalance: 0n,
      marketCumulativeDepositInterest: 0n,
      marketCumulativeBorrowInterest: 0n,
      totalDepositsAfter: 0n,
      totalWithdrawsAfter: 0n,
      explanation: 'none',
      transferUser: null,
      signer: null,
      userTokenAmountAfter: 0n,
      ...value,
    },
  });

  /**
   * The state of `user` at a slot: 1,000 quote tokens were deposited and are held, and nothing
   * else ever happened, but for what `change` writes.
   */
  const stateOf = (slot: number, change: (user: Struct) => void = () => {}): AccountState => {
    const account = layout.blankAccount('User');
    account.authority = agent;
    account.totalDeposits = 1_000_000_000n;
    account.spotPositions[0].cumulativeDeposits = 1_000_000_000n;
    account.spotPositions[0].scaledBalance = 1_000_000_000_000n;
    change(account);
    return { slot, ...states.ofUser(layout.encodeAccount('User', account)) };
  };
  /** What the change of that state means, as the check of accounts names it. */
  const means = (change: (user: Struct) => void): string[] =>
    meaningsOf(stateOf(1), NO_COUNTERS, stateOf(2, change)).map((each) => each.what);

  return {
    dialect,
    user,
    watched,
    venue,
    tokens,
    made,
    bodies,
    ofKind,
    depositRecord,
    stateOf,
    means,
  };
}

const AT_DRIFT = madeAt(DRIFT_V2, DRIFT_LAYOUT);
/** What a test builds that is about no venue in particular: Drift's. */
export const { user, watched, venue, tokens, made, bodies, ofKind, depositRecord, stateOf, means } =
  AT_DRIFT;
/** The same at each venue, by its name. */
export const MADE_AT = [
  ['drift-v2', AT_DRIFT],
  ['velocity', madeAt(VELOCITY, VELOCITY_LAYOUT)],
] as const;
