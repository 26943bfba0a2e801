// Leavings: what counts as left in transactions that are put together by hand: rent of accounts
// that the venue makes, by whose act value left, and who received it when several did.
import { describe, expect, test } from 'vitest';
import { FEE_LAMPORTS_MOST, RENT_LAMPORTS_A_BYTE } from '../../src/core/conservation.ts';
import type { Outflow } from '../../src/core/fact.ts';
import { type Address, base58Bytes } from '../../src/core/ids.ts';
import { WRAPPED_SOL } from '../../src/core/programs.ts';
import type { ChainTransaction } from '../../src/core/transaction.ts';
import { PROGRAM_ID } from '../../src/venue/drift-v2/profile.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import {
  agent,
  agentTokens,
  FEE,
  type Made,
  type MadeCall,
  made,
  OTHER,
  ofKind,
  SYSTEM,
  sendSol,
  someone,
  stranger,
  TOKEN,
  tokens,
  venue,
  WALLET_LAMPORTS,
} from '../support/made-transaction.ts';

const SOL = 1_000_000_000n;
const u64 = (value: bigint) => [...new Uint8Array(new BigUint64Array([value]).buffer)];
const bytesOf = (address: Address) => [...(base58Bytes(address) ?? [])];
const system = (accounts: Address[], ...data: number[]): MadeCall => ({
  program: SYSTEM,
  accounts,
  data: Uint8Array.from(data),
});
const create = (account: Address, lamports: bigint, space: bigint, owner: Address): MadeCall =>
  system([agent, account], 0, 0, 0, 0, ...u64(lamports), ...u64(space), ...bytesOf(owner));
const allocate = (account: Address, space: bigint): MadeCall =>
  system([account], 8, 0, 0, 0, ...u64(space));
const assign = (account: Address, owner: Address): MadeCall =>
  system([account], 1, 0, 0, 0, ...bytesOf(owner));
const amounts = (transaction: ChainTransaction) =>
  ofKind(transaction, 'outflow').map(({ amount }) => amount);

const { user, walletAccounts } = DRIFT_V2.addresses;
const ownEscrow = walletAccounts(agent).at(-2) as Address;

describe('rent of an account that the venue makes for the agent', () => {
  const SPACE = 4_376n;
  const RENT = (SPACE + 128n) * RENT_LAMPORTS_A_BYTE;
  const through = (...inner: MadeCall[]) => made([venue('an order', { 1: agent }, { inner })]);

  test('is no outflow, and what it gets beyond the rent is one', () => {
    const account = ownEscrow;
    expect(amounts(through(create(account, RENT, SPACE, PROGRAM_ID)))).toEqual([]);
    expect(amounts(through(create(account, RENT + 7n, SPACE, PROGRAM_ID)))).toEqual([7n]);
  });
  test('that another wallet paid lets the agent send the account no SOL unheard', () => {
    const account = ownEscrow;
    const data = [...u64(RENT), ...u64(SPACE), ...bytesOf(PROGRAM_ID)];
    const paid = system([stranger, account], 0, 0, 0, 0, ...data);
    const order = venue('an order', { 1: agent }, { inner: [paid] });
    expect(amounts(made([order, sendSol(agent, account, RENT)]))).toEqual([RENT]);
  });
  test('also where size and owner are given one by one', () => {
    const account = ownEscrow;
    const [space, owner] = [allocate(account, SPACE), assign(account, PROGRAM_ID)];
    expect(amounts(through(sendSol(agent, account, RENT), space, owner))).toEqual([]);
    expect(amounts(through(sendSol(agent, account, RENT), space))).toEqual([RENT]);
    expect(amounts(through(sendSol(agent, account, RENT), owner))).toEqual([RENT]);
  });
  test('is an outflow where the account is one of another wallet', () => {
    for (const account of [someone(), user(stranger, 20)])
      expect(amounts(through(create(account, RENT, SPACE, PROGRAM_ID)))).toEqual([RENT]);
  });
  test('is none for a sub-account beyond those that are derived ahead', () => {
    const opened = (of: Address): ChainTransaction => {
      const account = user(of, 20);
      const inner = [create(account, RENT, SPACE, PROGRAM_ID)];
      const call = { 0: account, 3: of, 4: agent };
      const args = { subAccountId: 20, name: [...Buffer.alloc(32)] };
      return made([venue('', call, { inner, name: 'initializeUser', args })]);
    };
    expect(amounts(opened(agent))).toEqual([]);
    expect(amounts(opened(stranger))).toEqual([RENT]);
  });
  test('by which the venue enlarges an account of the agent is none, up to 10,240 bytes', () => {
    const most = 10_240n * RENT_LAMPORTS_A_BYTE;
    expect(amounts(through(sendSol(agent, ownEscrow, most)))).toEqual([]);
    expect(amounts(through(sendSol(agent, ownEscrow, most + 7n)))).toEqual([7n]);
    expect(amounts(through(sendSol(agent, someone(), most)))).toEqual([most]);
    expect(
      amounts(made([venue('an order', { 1: agent }), sendSol(agent, ownEscrow, most)])),
    ).toEqual([most]);
  });
  test('for another program, or made beside the venue, is an outflow', () => {
    const account = ownEscrow;
    const own = create(account, RENT, SPACE, PROGRAM_ID);
    expect(amounts(through(create(account, RENT, SPACE, OTHER)))).toEqual([RENT]);
    expect(amounts(made([venue('an order', { 1: agent }), own]))).toEqual([RENT]);
    const byOther: Made = { program: OTHER, accounts: [agent], data: Buffer.of(1), inner: [own] };
    expect(amounts(made([byOther]))).toEqual([RENT]);
  });
});

describe('without a signature of the agent', () => {
  const wrapped = someone();
  const taken = (
    row: { before?: bigint; after?: bigint; ownerAfter?: Address; program?: Address },
    lamports: readonly [bigint, bigint],
  ): Outflow['consent'][] => {
    const call: Made = { program: TOKEN, accounts: [wrapped, stranger], data: Buffer.of(9) };
    const balance = tokens(wrapped, row.before ?? 5n, row.after ?? 5n, {
      mint: WRAPPED_SOL,
      owner: agent,
      ownerAfter: row.ownerAfter ?? agent,
      program: row.program ?? TOKEN,
    });
    const whole = made([call], [balance], 'whole', { signers: [stranger] });
    const before = whole.keys.map((key) => (key === wrapped ? lamports[0] : SOL));
    const after = whole.keys.map((key) =>
      key === wrapped ? lamports[1] : key === stranger ? SOL + 1_000n : SOL,
    );
    const found = ofKind({ ...whole, lamports: { before, after } }, 'outflow');
    return found.map(({ consent }) => consent);
  };
  test('wrapped SOL that fell was taken by a delegate, or given away by its owner', () => {
    expect(taken({ after: 3n }, [900n, 700n])).toEqual(['appointed']);
    expect(taken({ ownerAfter: stranger }, [900n, 900n])).toEqual(['appointed']);
  });
  test('rent that fell beside the wrapped SOL proves nothing', () => {
    expect(taken({}, [900n, 700n])).toEqual(['none']);
    expect(taken({ after: 3n, program: OTHER }, [900n, 700n])).toEqual(['none']);
  });
});

describe('receivers', () => {
  const received = (...gains: readonly (readonly [Address, bigint])[]) => {
    const call: Made = {
      program: OTHER,
      accounts: [agent, ...gains.map(([to]) => to)],
      data: Buffer.of(1),
    };
    const whole = made([call], []);
    const gained = new Map(gains);
    const before = whole.keys.map(() => WALLET_LAMPORTS);
    const after = whole.keys.map((key) =>
      key === agent ? WALLET_LAMPORTS - FEE - SOL : WALLET_LAMPORTS + (gained.get(key) ?? 0n),
    );
    const found = ofKind({ ...whole, lamports: { before, after } }, 'outflow');
    return found.map(({ destination, amount }) => [destination, amount]);
  };
  const [first, second] = [someone(), someone()].sort() as [Address, Address];

  test('the one that gained most comes first; of equals the first by address', () => {
    for (const pair of [
      [first, second],
      [second, first],
    ] as const) {
      const [one, other] = pair;
      expect(received([one, SOL], [other, SOL])).toEqual([[first, SOL]]);
      expect(received([one, SOL + 1n], [other, SOL])).toEqual([[one, SOL]]);
      expect(received([one, SOL - 1n], [other, SOL - 2n])).toEqual([
        [one, SOL - 1n],
        [other, 1n],
      ]);
    }
  });
  test('value that nobody received is an outflow all the same', () => {
    expect(received()).toEqual([[null, SOL]]);
    expect(received([first, 1n])).toEqual([
      [first, 1n],
      [null, SOL - 1n],
    ]);
  });
});

describe('a network fee', () => {
  const paid = (fee: bigint, error: unknown = null, signer = agent) => {
    const whole = made([], [], 'whole', { signers: [signer], fee, error });
    const keys = [...new Set([agent, ...whole.keys])];
    const before = keys.map(() => WALLET_LAMPORTS);
    const after = keys.map((key) => (key === signer ? WALLET_LAMPORTS - fee : WALLET_LAMPORTS));
    return ofKind({ ...whole, keys, lamports: { before, after } }, 'outflow').map((each) => [
      each.route,
      each.amount,
      each.destination,
    ]);
  };
  test('is no outflow up to the most that a fee may be, and beyond it the rest is one', () => {
    for (const error of [null, 'failed']) {
      expect(paid(FEE_LAMPORTS_MOST, error)).toEqual([]);
      expect(paid(FEE_LAMPORTS_MOST + 1n, error)).toEqual([['network_fee', 1n, null]]);
      expect(paid(FEE_LAMPORTS_MOST + 1n, error, stranger)).toEqual([]);
    }
  });
});

describe('the wallet itself', () => {
  test('that is given to a program is lost with what is in it', () => {
    const given = ofKind(made([assign(agent, OTHER)]), 'outflow');
    expect(given).toEqual([
      expect.objectContaining({
        route: 'sol_handover',
        amount: WALLET_LAMPORTS - FEE,
        destination: OTHER,
        owner: OTHER,
        consent: 'agent',
      }),
    ]);
  });
  test('that only gets a size, stays with the system program, or belongs to another wallet, is not', () => {
    expect(amounts(made([allocate(agent, 10n)]))).toEqual([]);
    expect(amounts(made([assign(agent, SYSTEM)]))).toEqual([]);
    expect(amounts(made([assign(stranger, OTHER)]))).toEqual([]);
  });
});

describe('a token account whose owner the node does not tell', () => {
  const untold = { owner: null, ownerAfter: null };
  const left = (account: Address) => {
    const call: Made = { program: TOKEN, accounts: [account, agent], data: Buffer.of(9) };
    return amounts(made([call], [tokens(account, 90n, 40n, untold)]));
  };
  test('is its subscriber’s where the watch-list has it, and nobody’s where not', () => {
    expect(left(agentTokens)).toEqual([50n]);
    expect(left(someone())).toEqual([]);
  });
});
