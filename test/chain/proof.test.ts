// Proof: the production questions against a local chain whose nodes forget, lag, cut pages and lie.
// A transaction on chain is never found dead, and one that never landed is found dead once a node
// with enough history says so.
import { Keypair, type VersionedTransaction } from '@solana/web3.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gatherDeathEvidence, type Witness } from '../../src/chain/proof.ts';
import { openConnection } from '../../src/chain/rpc.ts';
import { type DeathEvidence, isProvenDead } from '../../src/core/death.ts';
import { type Address, base58Text, type Signature } from '../../src/core/ids.ts';
import type { SignedBytes } from '../../src/core/signed-bytes.ts';
import { openTestChain, type TestChain } from '../support/chain.ts';

let chain: TestChain;
beforeEach(async () => {
  chain = await openTestChain();
});
afterEach(() => chain.server.close());

type Asked = { id: unknown; method: string; params: unknown[] };
type Answer = { id: unknown; result?: unknown };
/** Whether the nodes take no batches, so that each question is put by itself. */
let apart = false;
/** A node whose answers the test edits; it keeps the questions asked. */
function witness(
  edit: (asked: Asked, result: unknown) => unknown = (_, result) => result,
  ofOurChain = async () => true,
): Witness & { asked: Asked[] } {
  const asked: Asked[] = [];
  const connection = openConnection(chain.server.rpcUrl, null, async (input, init) => {
    const request = JSON.parse(String(init?.body)) as Asked | Asked[];
    if (Array.isArray(request) && apart) return new Response('no batches', { status: 400 });
    const requests = [request].flat();
    asked.push(...requests);
    const told = (await (await fetch(input, init)).json()) as Answer | Answer[];
    const edited = [told].flat().map((each) => {
      const question = requests.find(({ id }) => id === each.id);
      if (question === undefined || !('result' in each)) return each;
      return { ...each, result: edit(question, each.result) };
    });
    return Response.json(Array.isArray(told) ? edited : edited[0]);
  });
  return { connection, ofOurChain, asked };
}

/** A payment of the payer's, signed but not sent, and the account whose history would show it. */
async function signOne(): Promise<{
  transaction: VersionedTransaction;
  signed: SignedBytes;
  account: Address;
}> {
  const { cluster } = chain.world;
  const { lastValidBlockHeight } = cluster.blockhash('processed');
  const transaction = await chain.transferTo(Keypair.generate().publicKey, 1_000_000);
  const signature = base58Text(transaction.signatures[0] ?? new Uint8Array()) as Signature;
  return {
    transaction,
    signed: {
      signature,
      bytes: transaction.serialize(),
      lastValidBlockHeight,
      blockhashSlot: cluster.slot('processed'),
    },
    account: chain.payer.publicKey.toBase58() as Address,
  };
}
const send = (transaction: VersionedTransaction) =>
  chain.connection.sendRawTransaction(transaction.serialize(), { skipPreflight: true });
const gather = (
  first: Witness,
  { signed, account }: { signed: SignedBytes; account: Address },
  second: Witness | null = null,
) => gatherDeathEvidence({ first, second }, signed, account);
const proven = (signed: SignedBytes, round: DeathEvidence): boolean =>
  // As many rounds as may be asked; none of them may be complete.
  isProvenDead(signed, [round, round, round]);

describe.each(['together', 'apart'])('questions put %s', (how) => {
  beforeEach(() => {
    apart = how === 'apart';
  });

  test('a transaction that never landed is dead, and every question names the slot that the node must have seen', async () => {
    const one = await signOne();
    chain.world.cluster.advance(400);
    const node = witness();
    const round = await gather(node, one);
    expect(round).toMatchObject({
      statusAbsent: true,
      transactionAbsent: true,
      historyAbsent: true,
      historyReaches: true,
      lastHeight: one.signed.lastValidBlockHeight,
      ownChain: true,
      second: 'none',
    });
    expect(proven(one.signed, round)).toBe(true);
    for (const method of [
      'getSignatureStatuses',
      'getTransaction',
      'getSignaturesForAddress',
    ] as const) {
      const questions = node.asked.filter((each) => each.method === method);
      expect(questions.length, method).toBeGreaterThan(0);
      for (const { params } of questions)
        expect(params.at(-1), method).toMatchObject({ minContextSlot: round.finalizedSlot });
    }
  });

  test('a landed payment is not dead for a node that no longer keeps its slot', async () => {
    const one = await signOne();
    await send(one.transaction);
    chain.world.cluster.advance(400);
    expect(await gather(witness(), one)).toMatchObject({
      statusAbsent: false,
      transactionAbsent: false,
      historyAbsent: false,
    });
    chain.world.mischief.forgottenUpTo = chain.world.cluster.slot('processed') - 50;
    const round = await gather(witness(), one);
    // Status, transaction and history lack it, and the node says itself that its history does not
    // reach back.
    expect(round).toMatchObject({
      statusAbsent: true,
      transactionAbsent: true,
      historyAbsent: true,
      historyReaches: false,
    });
    expect(proven(one.signed, round)).toBe(false);
  });

  test('a lone node that has pruned and names an earlier first block is not believed', async () => {
    const one = await signOne();
    await send(one.transaction);
    chain.world.cluster.advance(400);
    chain.world.mischief.forgottenUpTo = chain.world.cluster.slot('processed') - 50;
    chain.world.mischief.claimedFirst = 0;
    const round = await gather(witness(), one);
    // Every answer says that nothing was executed, and the claim says that it would know.
    expect(round).toMatchObject({
      statusAbsent: true,
      transactionAbsent: true,
      historyAbsent: true,
      historyReaches: true,
      lastHeight: null,
    });
    expect(proven(one.signed, round)).toBe(false);
  });

  test('a node that prunes while it is asked has not answered whether its history reaches', async () => {
    const one = await signOne();
    chain.world.cluster.advance(400);
    let asked = 0;
    const pruning = witness(({ method }, result) =>
      method === 'getFirstAvailableBlock' && ++asked > 1 ? one.signed.blockhashSlot + 1 : result,
    );
    expect(await gather(pruning, one)).toMatchObject({ historyReaches: false });
  });

  test('answers of a node that is behind, and transactions without their outcome, are no answers', async () => {
    const one = await signOne();
    await send(one.transaction);
    chain.world.cluster.advance(400);
    const behind = witness(({ method }, result) =>
      method === 'getSignatureStatuses'
        ? { context: { slot: one.signed.blockhashSlot }, value: [null] }
        : result,
    );
    expect(await gather(behind, one)).toMatchObject({ statusAbsent: null });
    chain.world.mischief.metalessUpTo = chain.world.cluster.slot('processed');
    const round = await gather(witness(), one);
    expect(round.transactionAbsent).toBeNull();
    expect(proven(one.signed, round)).toBe(false);
  });

  test('a short page is not the end of a history, however many strangers wrote to it', async () => {
    const one = await signOne();
    await send(one.transaction);
    // Dust after it, so that it is on no first page.
    for (let n = 0; n < 7; n++)
      await send(await chain.transferTo(Keypair.generate().publicKey, 1_000_000 + n));
    chain.world.cluster.advance(400);
    chain.world.mischief.pageMost = 2;
    expect(await gather(witness(), one)).toMatchObject({ historyAbsent: false });
    const node = witness();
    const never = {
      ...one,
      signed: { ...one.signed, signature: base58Text(new Uint8Array(64).fill(3)) as Signature },
    };
    expect(await gather(node, never)).toMatchObject({ historyAbsent: true });
    expect(
      node.asked.filter((each) => each.method === 'getSignaturesForAddress').length,
    ).toBeGreaterThan(4);
  });

  test('another chain proves nothing, and the second provider must say the same', async () => {
    const one = await signOne();
    chain.world.cluster.advance(400);
    const other = witness(undefined, async () => false);
    const mute = witness(undefined, () => Promise.reject(new Error('no answer')));
    expect(await gather(other, one)).toMatchObject({ ownChain: false });
    expect(await gather(mute, one)).toMatchObject({ ownChain: null });
    expect(proven(one.signed, await gather(other, one))).toBe(false);
    expect(proven(one.signed, await gather(witness(), one, other))).toBe(false);
    expect(proven(one.signed, await gather(witness(), one, witness()))).toBe(true);
    const knows = witness(({ method }, result) =>
      method === 'getSignatureStatuses'
        ? {
            context: { slot: 10 ** 12 },
            value: [{ slot: 1, confirmations: null, err: null, confirmationStatus: 'finalized' }],
          }
        : result,
    );
    expect(proven(one.signed, await gather(witness(), one, knows))).toBe(false);
    const dead = witness(() => {
      throw new Error('unreachable');
    });
    expect(await gather(witness(), one, dead)).toMatchObject({ second: 'unanswered' });
  });

  test('the end of a long history is told by a node that may have pruned', async () => {
    const one = await signOne();
    chain.world.cluster.advance(400);
    await send(await chain.transferTo(Keypair.generate().publicKey, 1_000_001));
    chain.world.cluster.advance(40);
    let pages = 0;
    let first = 0;
    const pool = witness(({ method }, result) => {
      if (method === 'getSignaturesForAddress') {
        // After the first page every request goes to a node that was booted a moment ago.
        if (++pages > 1) first = one.signed.blockhashSlot + 1;
        return pages > 1 ? [] : result;
      }
      return method === 'getFirstAvailableBlock' && first > 0 && pages < 4 ? first : result;
    });
    chain.world.mischief.pageMost = 1;
    const round = await gather(pool, one);
    expect(proven(one.signed, round)).toBe(false);
    expect(round.historyReaches).toBe(false);
  });
});
