// Wallet: whose a token account is, and what the facts about a wallet say beside the amount: the
// change of the watched account, who may take tokens from now on, and what a swap brought.
import { describe, expect, test } from 'vitest';
import { type Address, base58Bytes } from '../../src/core/ids.ts';
import {
  type ChainTransaction,
  LAST_ORDINAL,
  ORDINALS_A_CALL,
} from '../../src/core/transaction.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { hear } from '../support/hear.ts';
import {
  agent,
  agentTokens,
  approve,
  type MadeCall,
  made,
  mine,
  ofKind,
  sendSol,
  setOwner,
  someone,
  stranger,
  tokenCall,
  tokens,
  transfer,
  watched,
} from '../support/made-transaction.ts';

/** Places and texts of the notices. */
const notices = (transaction: ChainTransaction) =>
  hear(DRIFT_V2, transaction, watched).flatMap(({ account, position, body }) =>
    body.kind === 'notice' ? [{ account, ordinal: position.ordinal, ...body }] : [],
  );
const setAuthority = (account: Address, type: number): MadeCall =>
  tokenCall([account, agent], Uint8Array.from([6, type, 1, ...(base58Bytes(stranger) ?? [])]));
/** An instruction number that no release of the token program has. */
const UNKNOWN = 199;

test('the change of each watched token account is told, and of no other', () => {
  const away = someone();
  const transaction = made(
    [transfer(agentTokens, away, 55n)],
    [tokens(agentTokens, 100n, 45n, mine), tokens(away, 0n, 55n)],
  );
  const tallies = hear(DRIFT_V2, transaction, watched).filter(({ body }) => body.kind === 'tally');
  expect(tallies).toEqual([
    expect.objectContaining({
      account: agentTokens,
      position: expect.objectContaining({ ordinal: LAST_ORDINAL }),
      body: {
        kind: 'tally',
        realised: 0n,
        funding: 0n,
        deposits: 0n,
        withdraws: 0n,
        tokens: -55n,
        mints: [{ mint: DRIFT_V2.profile.quote.mint, amount: -55n }],
      },
    }),
  ]);
});

describe('notices', () => {
  test('each approval has a place of its own, also inside a batch', () => {
    const row = tokens(agentTokens, 90n, 90n, mine);
    const one = approve(agentTokens, stranger, 1n);
    const header = [one.accounts.length, one.data.length];
    const batch = tokenCall(
      [...one.accounts, ...one.accounts, ...one.accounts],
      Uint8Array.from([255, ...[1, 2, 3].flatMap(() => [...header, ...one.data])]),
    );
    const found = notices(made([sendSol(agent, someone(), 1n), batch], [row]));
    const at = ORDINALS_A_CALL;
    expect(found.map(({ ordinal }) => ordinal)).toEqual([at, at + 513, at + 514]);
    expect(found[0]).toMatchObject({ account: agentTokens, what: 'token_approved', who: stranger });
  });

  test('the owner and another authority are told apart', () => {
    const row = tokens(agentTokens, 0n, 0n, mine);
    const details = (...calls: MadeCall[]) =>
      notices(made(calls, [row])).map(({ what, detail }) => `${what}: ${detail}`);
    expect(details(setOwner(agentTokens, stranger), setAuthority(agentTokens, 3))).toEqual([
      'token_authority_changed: The owner of the token account.',
      'token_authority_changed: Authority of type 3.',
    ]);
    // A transfer changes no authority.
    expect(details(transfer(agentTokens, someone(), 0n))).toEqual([]);
  });

  test('acts of strangers on their own accounts make no notice', () => {
    const other = someone();
    const rows = [tokens(other, 5n, 5n)];
    expect(notices(made([approve(other, stranger, 1n), setOwner(other, stranger)], rows))).toEqual(
      [],
    );
  });

  test('acts on an account that a stranger gives to the agent make none, unless the agent signs', () => {
    const other = someone();
    const given = tokens(other, 5n, 5n, { owner: stranger, ownerAfter: agent });
    const calls = [approve(other, stranger, 1n), setAuthority(other, 3), setOwner(other, agent)];
    const found = (signers: Address[], row = given) =>
      notices(made(calls, [row], 'whole', { signers })).map(({ what, who }) => [what, who]);
    expect(found([stranger])).toEqual([]);
    // An account that the agent owns already: who signs beside the agent does not matter.
    for (const row of [given, tokens(other, 5n, 5n, mine)])
      expect(found([stranger, agent], row)).toEqual([
        ['token_approved', stranger],
        ['token_authority_changed', stranger],
      ]);
  });

  test('a call that this release does not know is told when the agent signed it and passed its account', () => {
    const row = tokens(agentTokens, 5n, 5n, mine);
    const call = tokenCall([someone(), agentTokens, agentTokens], Uint8Array.of(UNKNOWN, 7));
    const before = sendSol(agent, someone(), 1n);
    const found = (signers: Address[]) =>
      notices(made([before, call], [row], 'whole', { signers }));
    const told = {
      account: agentTokens,
      ordinal: ORDINALS_A_CALL + 1,
      what: 'unknown_call',
      detail: `Instruction ${UNKNOWN.toString(16)} of the program is newer than this release.`,
    };
    expect(found([agent])).toMatchObject([told]);
    // A second signer beside the agent changes nothing. A stranger who signs alone controls
    // nothing.
    expect(found([stranger, agent])).toMatchObject([told]);
    expect(found([stranger])).toEqual([]);
  });
});

describe('what a transaction brought', () => {
  const [pool, payer] = [someone(), someone()];
  const swap = (account: Address, given: object, lamports: bigint) =>
    made(
      [transfer(account, pool, 60n), sendSol(payer, agent, lamports)],
      [tokens(account, 90n, 30n, { ...mine, ...given }), tokens(pool, 0n, 60n, given)],
    );

  test('in SOL stands beside quote tokens that left, before the fee', () => {
    const [out] = ofKind(swap(agentTokens, {}, 1_000_000n), 'outflow');
    expect(out).toMatchObject({ route: 'token_transfer', amount: 60n, brought: 1_000_000n });
  });

  test('is absent where nothing came in, and beside other tokens', () => {
    const [plain] = ofKind(swap(agentTokens, {}, 0n), 'outflow');
    expect(plain).toMatchObject({ amount: 60n });
    expect(plain).not.toHaveProperty('brought');
    const [other] = ofKind(swap(someone(), { mint: someone() }, 1_000_000n), 'outflow');
    expect(other).toMatchObject({ amount: 60n, usd: null });
    expect(other).not.toHaveProperty('brought');
  });
});
