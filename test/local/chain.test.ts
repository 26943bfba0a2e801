// Chain: the local chain behaves, through a stock web3.js Connection, as a real node does.
import {
  createAssociatedTokenAccountIdempotentInstruction,
  getAssociatedTokenAddressSync,
} from '@solana/spl-token';
import {
  Keypair,
  PublicKey,
  SystemProgram,
  Transaction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deployedHash } from '../../src/chain/program.ts';
import { TOKEN_PROGRAM } from '../../src/local/chain/account.ts';
import {
  DRIFT,
  oracleAddress,
  PYTH,
  STATE,
  USDC,
  userAddress,
} from '../../src/local/drift/addresses.ts';
import { createWorld, type World } from '../../src/local/world.ts';
import { openTestChain, type TestChain } from '../support/chain.ts';
import { createManualClock } from '../support/clock.ts';
import { programFile } from '../support/programs.ts';
import { CLOCK } from '../support/rewind.ts';

let chain: TestChain;
beforeAll(async () => {
  chain = await openTestChain();
});
afterAll(() => chain.server.close());

describe('sending', () => {
  test('a transaction goes through processed, confirmed and finalized', async () => {
    const to = Keypair.generate().publicKey;
    const signature = await chain.connection.sendTransaction(await chain.transferTo(to, 5_000_000));
    const status = async () =>
      (await chain.connection.getSignatureStatuses([signature])).value[0]?.confirmationStatus;
    expect(await status()).toBe('processed');
    expect(await chain.connection.getBalance(to, 'confirmed')).toBe(0);
    expect(
      await chain.connection.getTransaction(signature, {
        commitment: 'confirmed',
        maxSupportedTransactionVersion: 0,
      }),
    ).toBeNull();
    chain.world.cluster.advance(1);
    expect(await status()).toBe('confirmed');
    expect(await chain.connection.getBalance(to, 'confirmed')).toBe(5_000_000);
    expect(await chain.connection.getBalance(to, 'finalized')).toBe(0);
    chain.world.cluster.advance(8);
    expect(await status()).toBe('finalized');
    expect(await chain.connection.getBalance(to, 'finalized')).toBe(5_000_000);
    const full = await chain.connection.getTransaction(signature, {
      commitment: 'finalized',
      maxSupportedTransactionVersion: 0,
    });
    expect(full?.meta?.fee).toBe(5_000);
    expect(full?.meta?.logMessages).toContain('Program 11111111111111111111111111111111 success');
  });

  test('the same bytes land once', async () => {
    const to = Keypair.generate().publicKey;
    const bytes = (await chain.transferTo(to, 1_000_000)).serialize();
    await chain.connection.sendRawTransaction(bytes, { skipPreflight: true });
    await chain.connection.sendRawTransaction(bytes, { skipPreflight: true });
    chain.world.cluster.advance(2);
    expect(await chain.connection.getBalance(to)).toBe(1_000_000);
    await expect(chain.connection.sendRawTransaction(bytes)).rejects.toThrow(
      /already been processed/,
    );
  });

  test('a blockhash is good for 150 blocks and not one more', async () => {
    const fresh = await chain.transferTo(Keypair.generate().publicKey, 1_000_000);
    const late = await chain.transferTo(Keypair.generate().publicKey, 1_000_001);
    chain.world.cluster.advance(150);
    const signature = await chain.connection.sendTransaction(fresh, { skipPreflight: true });
    chain.world.cluster.advance(1);
    const lost = await chain.connection.sendTransaction(late, { skipPreflight: true });
    chain.world.cluster.advance(2);
    const found = (await chain.connection.getSignatureStatuses([signature, lost])).value;
    expect(found[0]?.err).toBeNull();
    expect(found[1]).toBeNull();
  });

  test('a failing transaction pays its fee, and says which instruction failed', async () => {
    const poor = Keypair.generate();
    await chain.connection.requestAirdrop(poor.publicKey, 1_000_000);
    const { blockhash } = await chain.connection.getLatestBlockhash('processed');
    const transaction = new Transaction({
      feePayer: poor.publicKey,
      recentBlockhash: blockhash,
    }).add(
      SystemProgram.transfer({
        fromPubkey: poor.publicKey,
        toPubkey: chain.payer.publicKey,
        lamports: 5_000_000,
      }),
    );
    transaction.sign(poor);
    await expect(chain.connection.sendRawTransaction(transaction.serialize())).rejects.toThrow(
      /custom program error|0x1|simulation failed/,
    );
    const signature = await chain.connection.sendRawTransaction(transaction.serialize(), {
      skipPreflight: true,
    });
    chain.world.cluster.advance(2);
    expect((await chain.connection.getSignatureStatuses([signature])).value[0]?.err).toEqual({
      InstructionError: [0, { Custom: 1 }],
    });
    expect(await chain.connection.getBalance(poor.publicKey)).toBe(995_000);
  });

  test('a false signature is refused', async () => {
    const transaction = await chain.transferTo(chain.payer.publicKey, 1);
    transaction.signatures[0]?.fill(1);
    await expect(
      chain.connection.sendTransaction(transaction, { skipPreflight: true }),
    ).rejects.toThrow(/signature verification/);
  });

  test('simulation changes nothing, needs no signature, and names the blockhash it used', async () => {
    const to = Keypair.generate().publicKey;
    const transaction = await chain.transferTo(to, 7_000_000);
    const simulated = await chain.connection.simulateTransaction(transaction, {
      sigVerify: false,
      replaceRecentBlockhash: true,
    });
    expect(simulated.value.err).toBeNull();
    expect(simulated.value.unitsConsumed).toBeGreaterThan(0);
    expect(
      (simulated.value as { replacementBlockhash?: unknown }).replacementBlockhash,
    ).toBeDefined();
    chain.world.cluster.advance(2);
    expect(await chain.connection.getBalance(to)).toBe(0);
  });
});

describe('reading', () => {
  test('accounts, slices, token balances, program accounts', async () => {
    const trader = chain.world.driver.createTrader({ deposit: 5_000_000n });
    chain.world.driver.giveUsdc(trader.agent.publicKey, 42n);
    chain.world.cluster.advance(2);
    const ata = getAssociatedTokenAddressSync(USDC, trader.agent.publicKey);
    expect((await chain.connection.getTokenAccountBalance(ata)).value.amount).toBe('42');
    await expect(chain.connection.getTokenAccountBalance(chain.payer.publicKey)).rejects.toThrow(
      /not a Token account/,
    );
    const user = userAddress(trader.agent.publicKey, 0);
    const [account, missing] = await chain.connection.getMultipleAccountsInfo(
      [user, Keypair.generate().publicKey],
      { commitment: 'confirmed', dataSlice: { offset: 8, length: 32 } },
    );
    expect(new PublicKey(account?.data ?? []).equals(trader.agent.publicKey)).toBe(true);
    expect(missing).toBeNull();
    const found = await chain.connection.getProgramAccounts(DRIFT, {
      filters: [
        { dataSize: 4376 },
        { memcmp: { offset: 8, bytes: trader.agent.publicKey.toBase58() } },
      ],
    });
    expect(found.map((each) => each.pubkey.toBase58())).toEqual([user.toBase58()]);
    expect(await chain.connection.getMinimumBalanceForRentExemption(165)).toBe(2_039_280);
    expect((await chain.connection.getAccountInfo(STATE))?.owner.equals(DRIFT)).toBe(true);
  });

  test('slots, heights and epochs belong together', async () => {
    const epoch = await chain.connection.getEpochInfo('finalized');
    expect(epoch.absoluteSlot).toBe(await chain.connection.getSlot('finalized'));
    expect(epoch.blockHeight).toBe(await chain.connection.getBlockHeight('finalized'));
    expect((await chain.connection.getRecentPrioritizationFees()).length).toBeGreaterThan(0);
  });

  test('history: newest first, with before, until, memo and place in the block', async () => {
    const to = Keypair.generate().publicKey;
    const signatures: string[] = [];
    for (let n = 1; n <= 4; n++) {
      signatures.unshift(
        await chain.connection.sendTransaction(await chain.transferTo(to, 1_000_000 + n), {
          skipPreflight: true,
        }),
      );
      if (n === 2) chain.world.cluster.advance(1);
    }
    chain.world.cluster.advance(2);
    const all = await chain.connection.getSignaturesForAddress(to, {}, 'confirmed');
    expect(all.map((each) => each.signature)).toEqual(signatures);
    expect(all.map((each) => (each as { transactionIndex?: number }).transactionIndex)).toEqual([
      1, 0, 1, 0,
    ]);
    const middle = await chain.connection.getSignaturesForAddress(
      to,
      { before: signatures[0] ?? '', until: signatures[3] ?? '' },
      'confirmed',
    );
    expect(middle.map((each) => each.signature)).toEqual(signatures.slice(1, 3));
  });

  test('inner instructions and token balances of a created account', async () => {
    const owner = Keypair.generate().publicKey;
    const ata = getAssociatedTokenAddressSync(USDC, owner);
    const { blockhash } = await chain.connection.getLatestBlockhash('processed');
    const message = new TransactionMessage({
      payerKey: chain.payer.publicKey,
      recentBlockhash: blockhash,
      instructions: [
        createAssociatedTokenAccountIdempotentInstruction(chain.payer.publicKey, ata, owner, USDC),
      ],
    });
    const transaction = new VersionedTransaction(message.compileToV0Message());
    transaction.sign([chain.payer]);
    const signature = await chain.connection.sendTransaction(transaction);
    chain.world.cluster.advance(2);
    const full = await chain.connection.getTransaction(signature, {
      commitment: 'confirmed',
      maxSupportedTransactionVersion: 0,
    });
    expect(full?.meta?.innerInstructions?.[0]?.instructions.length).toBeGreaterThan(2);
    expect(full?.meta?.postTokenBalances?.[0]).toMatchObject({
      mint: USDC.toBase58(),
      owner: owner.toBase58(),
      uiTokenAmount: { amount: '0' },
    });
  });

  test('a versioned transaction is not given to who cannot read it', async () => {
    const signature = await chain.connection.sendTransaction(
      await chain.transferTo(chain.payer.publicKey, 3),
    );
    chain.world.cluster.advance(2);
    await expect(
      chain.connection.getTransaction(signature, { commitment: 'confirmed' } as never),
    ).rejects.toThrow(/maxSupportedTransactionVersion/);
  });
});

test('a chain that was released leaves its programs to the next one, and nothing else', () => {
  const open = () => {
    let made = 0;
    const newKey = () => Keypair.fromSeed(new Uint8Array(32).fill(++made));
    return createWorld({ programFile, clock: createManualClock(), newKey });
  };
  const held = ({ cluster: { bank } }: World) =>
    [DRIFT.toBase58(), TOKEN_PROGRAM, PYTH.toBase58()].map((program) =>
      bank
        .owned(program)
        .map(
          ({ address, account }) =>
            [address, account.lamports, deployedHash(account.data)] as const,
        )
        .toSorted(([one], [other]) => (one < other ? -1 : 1)),
    );
  const first = open();
  const atFirst = held(first);
  const before = first.cluster.bank.get(CLOCK)?.data;
  const trader = first.driver.createTrader({ deposit: 1_000_000_000n, lamports: 5n });
  first.driver.trade(trader, 'long', 1_000_000_000n);
  first.driver.movePrice(0, 99_000_000n);
  first.cluster.put(oracleAddress(1).toBase58(), null);
  first.cluster.advance(500);
  expect(held(first)).not.toEqual(atFirst);
  first.release();
  expect(() => first.cluster.advance()).toThrow('released');
  expect(() => first.driver.movePrice(0, 1n)).toThrow('released');

  const next = open();
  expect(held(next)).toEqual(atFirst);
  expect(next.cluster.bank.get(trader.agent.publicKey.toBase58())).toBeNull();
  expect(next.cluster.bank.get(CLOCK)?.data).toEqual(before);
  const later = next.driver.createTrader({ deposit: 1_000_000_000n });
  expect(next.driver.trade(later, 'long', 1_000_000_000n).execution.error).toBeNull();
  next.release();
});
