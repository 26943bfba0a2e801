// Reading: the changes that a later reading of the same transaction makes to the facts on record.
import { expect, test } from 'vitest';
import type { Fact, FactBody } from '../../src/core/fact.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import { type RecordedFact, recordedOver, takeReading } from '../../src/core/reading.ts';

/** A fact at a place in the transaction; its body tells only what the rules look at. */
function fact(ordinal: number, body: Partial<FactBody>, more: Partial<Fact> = {}): Fact {
  return {
    subscriberId: 'ana',
    account: 'user' as Address,
    signature: 'sig' as Signature,
    position: { slot: 50, blockIndex: 0, ordinal },
    body: body as FactBody,
    ...more,
  };
}
const at = (slot: number, ordinal: number) => ({ position: { slot, blockIndex: 0, ordinal } });
const close = fact(1, { kind: 'close' });
const tally = fact(9, { kind: 'tally' });
const unknown = fact(9, { kind: 'unknown' });
const reckoning = fact(8, { kind: 'reckoning' });
const open = (ordinal: number, more: object = {}): Fact =>
  fact(ordinal, { kind: 'open', market: 0, fillRecordId: 7n, ...more } as Partial<FactBody>);
const outflow = (ordinal: number, more: object = {}): Fact =>
  fact(ordinal, {
    kind: 'outflow',
    route: 'withdraw',
    amount: 5n,
    mint: null,
    destination: null,
    ...more,
  } as Partial<FactBody>);
const notice = (ordinal: number, more: object = {}): Fact =>
  fact(ordinal, { kind: 'notice', what: 'w', who: 'x', amount: 1n, ...more } as never);

const recorded = (finality: RecordedFact['finality'], ...facts: Fact[]): RecordedFact[] =>
  facts.map((each) => ({ fact: each, finality }));
const take = (
  known: readonly RecordedFact[],
  finality: 'confirmed' | 'finalized',
  facts: readonly Fact[],
  given: { slot?: number; isFinal?: boolean; insist?: boolean } = {},
) => {
  const { slot = 50, isFinal = false, insist = false } = given;
  return takeReading(known, { slot, finality, facts }, { isFinal, insist });
};
/** The facts that a finalized reading adds to those of an earlier finalized reading. */
const added = (known: readonly Fact[], facts: readonly Fact[]) => {
  const taking = take(recorded('finalized', ...known), 'finalized', facts);
  if (taking.outcome !== 'recorded') throw new Error(taking.outcome);
  expect(taking.withdraw).toEqual([]);
  return taking.put;
};

test('the first reading is taken whole', () => {
  expect(take([], 'confirmed', [close, tally])).toEqual({
    outcome: 'recorded',
    withdraw: [],
    put: [close, tally],
  });
});

test('a reading replaces a confirmed one as a whole', () => {
  const later = fact(2, { kind: 'close' });
  expect(take(recorded('confirmed', close, tally), 'finalized', [later, tally])).toEqual({
    outcome: 'recorded',
    withdraw: [close],
    put: [later, tally],
  });
  // In another slot after a fork, everything of the first slot goes.
  const moved = { ...close, ...at(60, 1) };
  expect(take(recorded('confirmed', close), 'confirmed', [moved], { slot: 60 })).toEqual({
    outcome: 'recorded',
    withdraw: [close],
    put: [moved],
  });
  // A fact that was withdrawn before is not withdrawn again.
  expect(take(recorded('withdrawn', close), 'confirmed', [])).toMatchObject({ withdraw: [] });
});

test('a fact is the same by subscriber, account, slot and ordinal', () => {
  const others = [
    { ...close, subscriberId: 'bo' },
    { ...close, account: 'other' as Address },
    { ...close, ...at(50, 3) },
  ];
  for (const other of others)
    expect(take(recorded('confirmed', close), 'confirmed', [other])).toMatchObject({
      withdraw: [close],
      put: [other],
    });
});

test('a confirmed reading after a final one says nothing, also where the final one had no facts', () => {
  const superseded = { outcome: 'superseded' };
  expect(take(recorded('finalized', close), 'confirmed', [close])).toEqual(superseded);
  expect(take([], 'confirmed', [close], { isFinal: true })).toEqual(superseded);
  expect(take([], 'finalized', [close], { isFinal: true })).toMatchObject({ put: [close] });
});

test('two final readings in different slots contradict each other', () => {
  const moved = { ...close, ...at(60, 1) };
  const taking = take(recorded('finalized', close), 'finalized', [moved], { slot: 60 });
  expect(taking).toEqual({ outcome: 'contradicted' });
  // A reckoning does not come from a reading, so it stays at its slot.
  const elsewhere = { ...reckoning, ...at(40, 8) };
  expect(take(recorded('finalized', elsewhere), 'finalized', [close])).toMatchObject({
    put: [close],
  });
  expect(take(recorded('finalized', elsewhere), 'confirmed', [close])).toMatchObject({
    put: [close],
  });
});

test('a reading without the log does not replace one that had it, unless it is insisted on', () => {
  for (const told of [open(1), close, tally]) {
    const before = recorded('confirmed', told);
    expect(take(before, 'finalized', [unknown])).toEqual({ outcome: 'poorer' });
    expect(take(before, 'finalized', [unknown], { insist: true })).toMatchObject({
      outcome: 'recorded',
      put: [unknown],
    });
  }
  // Another account's log, another slot's, and facts that no log tells are no richer.
  const elsewhere = { ...close, account: 'other' as Address };
  for (const told of [elsewhere, outflow(1)])
    expect(take(recorded('confirmed', told), 'finalized', [unknown])).toMatchObject({
      outcome: 'recorded',
    });
  const early = recorded('confirmed', { ...close, ...at(40, 1) });
  expect(take(early, 'finalized', [unknown])).toMatchObject({ outcome: 'recorded' });
  expect(take(recorded('confirmed', close), 'finalized', [outflow(1)])).toMatchObject({
    outcome: 'recorded',
  });
});

test('amounts that a final reading has counted for an account are never counted again', () => {
  const shifted = fact(3, { kind: 'close' });
  for (const counted of [close, tally, unknown])
    for (const again of [shifted, fact(7, { kind: 'tally' }), fact(7, { kind: 'unknown' })])
      expect(added([counted], [again])).toEqual([]);
  // All facts about an account are added when the first reading told nothing of the account.
  const theirs = { ...shifted, account: 'other' as Address };
  expect(added([close], [theirs])).toEqual([theirs]);
  expect(added([outflow(1)], [shifted])).toEqual([shifted]);
  // A fact at the same place stays as it is on record; a fact of another kind does not replace it.
  expect(added([close], [close])).toEqual([close]);
  expect(added([close], [fact(1, { kind: 'tally' })])).toEqual([]);
});

test('an opening, an outflow and a notice are the same wherever a decoder places them', () => {
  for (const make of [open, outflow, notice]) {
    expect(added([make(1)], [make(4)])).toEqual([]);
    expect(added([make(1)], [make(1)])).toEqual([make(1)]);
    // Told twice by the first reading, they are the same twice, and a third one is new.
    expect(added([make(1), make(2)], [make(4), make(5), make(6)])).toEqual([make(6)]);
    const theirs = { ...make(4), account: 'other' as Address };
    expect(added([make(1)], [theirs])).toEqual([theirs]);
  }
  expect(added([open(1)], [open(4, { market: 3 })])).toHaveLength(1);
  expect(added([open(1)], [open(4, { fillRecordId: 8n })])).toHaveLength(1);
  const differing = [
    { route: 'sol_transfer' },
    { amount: 6n },
    { mint: 'm' },
    { destination: 'd' },
  ];
  for (const more of differing) expect(added([outflow(1)], [outflow(4, more)])).toHaveLength(1);
  for (const more of [{ what: 'v' }, { who: 'y' }, { amount: 2n }])
    expect(added([notice(1)], [notice(4, more)])).toHaveLength(1);
});

test('openings of a transaction that a final reading could not read stay with the account state', () => {
  expect(added([unknown], [open(1)])).toEqual([]);
  const theirs = { ...open(1), account: 'other' as Address };
  expect(added([unknown], [theirs])).toEqual([theirs]);
  expect(added([unknown], [outflow(1)])).toEqual([outflow(1)]);
});

test('a fact is recorded over one that is only confirmed, and a final one keeps its body', () => {
  const [was, is] = [fact(1, { kind: 'close' }), fact(1, { kind: 'notice' })];
  type Read = 'confirmed' | 'finalized';
  const over = (known: Read, body: Fact, finality: Read) =>
    recordedOver({ fact: was, finality: known }, { fact: body, finality });
  expect(recordedOver(null, { fact: is, finality: 'confirmed' })).toEqual({
    fact: is,
    finality: 'confirmed',
  });
  expect(over('confirmed', is, 'confirmed')?.fact.body).toEqual(is.body);
  expect(over('confirmed', was, 'finalized')).toEqual({ fact: was, finality: 'finalized' });
  expect(over('confirmed', was, 'confirmed')).toBeNull();
  expect(over('finalized', is, 'finalized')).toBeNull();
  expect(over('finalized', is, 'confirmed')).toBeNull();
});

test('a final fact learns an index in its block that it lacked, and nothing else', () => {
  const placed = (blockIndex: number | null, body: Partial<FactBody> = { kind: 'close' }) =>
    fact(1, body, { position: { slot: 50, blockIndex, ordinal: 1 } });
  const put = { fact: placed(4, { kind: 'notice' }), finality: 'confirmed' } as const;
  const final = (blockIndex: number | null) =>
    recordedOver({ fact: placed(blockIndex), finality: 'finalized' }, put);
  expect(final(null)).toEqual({ fact: placed(4), finality: 'finalized' });
  expect(final(3)).toBeNull();
  // A later reading without the index does not take it away.
  const again = { fact: placed(null, { kind: 'notice' }), finality: 'confirmed' } as const;
  const known = { fact: placed(3), finality: 'confirmed' } as const;
  expect(recordedOver(known, again)?.fact).toEqual(placed(3, { kind: 'notice' }));
});
