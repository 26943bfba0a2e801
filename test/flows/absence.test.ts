// Absence: a transaction that was read as confirmed and that no node gives as final: two proofs of
// absence some time apart drop it, and nothing else does.
import { describe, expect, test } from 'vitest';
import { sightingsIn } from '../support/heard-rows.ts';
import { inspectDue } from '../support/inspect-due.ts';
import { createListening, type Listening, OPTIONS } from '../support/listening.ts';

const inspect = ({ ports }: Listening) => inspectDue(ports, OPTIONS);

describe('what was read at confirmed and a node does not have as final', () => {
  async function confirmed() {
    const held = await createListening();
    const close = held.close('ana', 10);
    await held.told(close, 'ana');
    await inspect(held);
    held.node.answers.set(close, (commitment) => (commitment === 'finalized' ? null : 'whole'));
    return { held, close };
  }
  const rounds = async (held: Listening, count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      held.clock.advance(60_000);
      await inspect(held);
    }
  };

  test('stays as it is while no proof of absence says otherwise, and is final once a node has it', async () => {
    const { held, close } = await confirmed();
    await using _ = held;
    await rounds(held, 20);
    held.node.absence = () => {
      throw held.trouble();
    };
    await rounds(held, 20);
    expect(await held.facts()).toEqual(['ana confirmed']);
    held.node.answers.delete(close);
    await rounds(held, 8);
    expect(await held.facts()).toEqual(['ana finalized']);
  });

  test('is dropped by two proofs of absence some time apart, and not by one', async () => {
    const { held } = await confirmed();
    await using _ = held;
    held.node.absence = () => true;
    held.clock.advance(1_000);
    await inspect(held);
    await inspect(held);
    expect(await held.facts()).toEqual(['ana confirmed']);
    await rounds(held, 1);
    expect(await held.facts()).toEqual(['ana withdrawn']);
    expect(held.events.map((each) => each.event)).toContain('transaction.dropped');
  });

  /** A transaction that names no watched account, read as confirmed and gone since. */
  async function strange(held: Listening): Promise<void> {
    const signature = held.close('nobody', 10);
    await held.ledger.sightings.note([{ signature, blockIndex: null, accounts: [] }], {
      source: 'webhook',
      by: 'rumour',
      nowMs: held.clock.nowMs(),
    });
    await inspect(held);
    held.node.answers.set(signature, () => null);
  }
  const statusOf = async (held: Listening) => (await sightingsIn(held))[0]?.status;

  test('is dropped by two proofs, too, when it touches no watched account', async () => {
    await using held = await createListening();
    await strange(held);
    await rounds(held, 1);
    expect(await statusOf(held)).toBe('confirmed');
    held.node.absence = () => true;
    await rounds(held, 1);
    expect(await statusOf(held)).toBe('confirmed');
    await rounds(held, 3);
    expect(await statusOf(held)).toBe('dropped');
  });

  test('is given up as unfound after a quarter of an hour without proof when it touches no watched account', async () => {
    await using held = await createListening();
    await strange(held);
    held.node.absence = () => {
      throw held.trouble();
    };
    await rounds(held, 14);
    expect(await statusOf(held)).toBe('confirmed');
    await rounds(held, 12);
    expect(await statusOf(held)).toBe('unfound');
    expect(held.events.map((each) => each.event)).not.toContain('transaction.dropped');
    expect(await held.ledger.asides.list(5)).toEqual([]);
    const asked = held.node.reads.length;
    await rounds(held, 5);
    expect(held.node.reads).toHaveLength(asked);
  });

  test('is not dropped before finality could have reached it', async () => {
    const { held } = await confirmed();
    await using _ = held;
    held.node.absence = () => true;
    held.node.tip = 60;
    await rounds(held, 10);
    expect(await held.facts()).toEqual(['ana confirmed']);
  });
});
