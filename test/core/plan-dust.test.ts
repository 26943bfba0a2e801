// Plan dust: only a part of the debts can be reached, and that part is not worth its fee. The lack
// of money is then the reason, which another account may end, and whose time counts.
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { counts } from '../../src/core/owing.ts';
import { plan } from '../../src/core/plan.ts';
import { debt, FUNDS, POLICY, planned, preflight, trouble } from '../support/plan.ts';

/** The fee is 5,000 lamports, 1,000 base units: worth it from 10,000 base units on. */
const cost = { bpsMost: 1_000, perSol: 200_000_000n };
const policy = { cost, partialLeast: 1_000_000n };
const DUST = debt('dust', 7_000n);
const LARGE = debt('large', 9_000_000n);

describe('a part of the debts that is not worth its fee', () => {
  const venue = { ...FUNDS, deposit: 500_000n };

  test('shows the lack of money for the rest, and its time counts', () => {
    const found = plan([DUST, LARGE], preflight({ venue }), { ...POLICY, ...policy });
    expect(found).toMatchObject({
      kind: 'wait',
      about: 'subscriber',
      trouble: { code: 'insufficient_funds' },
    });
    const reason = trouble([DUST, LARGE], preflight({ venue }), policy);
    expect(counts({ status: 'pending', reason, attempts: 0 })).toBe(true);
    expect(reason.detail).toContain('0.500000 USDC can be reached; 9.007000 USDC is owed');
    // So does the part of one debt, where the platform pays small parts.
    const part = trouble([LARGE], preflight({ venue: { ...FUNDS, deposit: 9_000n } }), {
      ...policy,
      partialLeast: 1n,
    });
    expect(part.code).toBe('insufficient_funds');
  });

  test('shows the margin floor where more could be reached without it, and the trouble of the venue', () => {
    const room = { ...venue, deposit: 9_100_000n, exposed: true, room: 500_000n };
    expect(trouble([DUST, LARGE], preflight({ venue: room }), policy).code).toBe('margin_floor');
    const blocked = { class: 'retry_when_healthier', code: 'venue_6153', detail: '' } as const;
    const given = preflight({ venue: { ...venue, blocked }, agentTokens: 500_000n });
    expect(trouble([DUST, LARGE], given, policy).code).toBe('venue_6153');
  });

  test('waits for further debts where all of them are not worth it, and where the money suffices', () => {
    const younger = debt('younger', 2_000n);
    const little = preflight({ venue: { ...FUNDS, deposit: 8_000n } });
    expect(trouble([DUST, younger], little, policy).code).toBe('below_cost');
    expect(trouble([DUST, younger], preflight({ venue }), policy).code).toBe('below_cost');
    expect(planned([DUST, debt('enough', 3_000n)], preflight({ venue }), policy).amount).toBe(
      10_000n,
    );
  });

  test('leaves the debts to another recipient for a later payment first', () => {
    const others = new Map([['ref' as Address, { creatorAccount: 'open' as const }]]);
    const toRef = debt('ref', 9_000_000n, { creatorWallet: 'ref' as Address });
    const given = preflight({ venue, others });
    // The dust is all that is owed to the creator, so it waits for further debts alone.
    expect(plan([DUST, toRef], given, { ...POLICY, ...policy })).toMatchObject({
      about: 'creator',
      creator: 'creator',
      trouble: { code: 'below_cost' },
    });
    // Of two recipients the first is paid. The rent of the other one's account is worth it for all
    // that is owed to that one, of which only the dust can be reached.
    const debts = [debt('a', 400_000n), { ...toRef, shareId: 'b', owed: 5_000n }, toRef];
    const absent = new Map([['ref' as Address, { creatorAccount: 'absent' as const }]]);
    expect(planned(debts, preflight({ venue, others: absent }), policy)).toMatchObject({
      amount: 400_000n,
      covers: [{ shareId: 'a', amount: 400_000n }],
    });
  });
});
