// Bound rewards: the rewards that a reckoned profit leaves out are bounded by a counter that a node
// shows. A node that has not seen the reckoned slot may lack a reward: its counter does not count.
import { expect, test } from 'vitest';
import { boundRewards } from '../../src/flows/deletion-check.ts';

/** The ports of a wallet with this reward, told by a node that is at this slot. */
const portsAt = (slot: number, rewards: bigint | null) =>
  ({
    ledger: { subscribers: { find: async () => ({ agentWallet: 'agent' }) } },
    chain: {
      witnessed: (work: () => unknown) => work(),
      slices: async () => ({ slot, accounts: [null] }),
    },
    venue: { statsAddress: () => 'stats', referrerRewards: () => rewards },
  }) as unknown as Parameters<typeof boundRewards>[0];
const PERHAPS = { amounts: [5n, -2n], untoldFees: 0 };

test('the counter of a node that has seen the slot bounds the rewards', async () => {
  const bounded = await boundRewards(portsAt(10, 3n), 'ana', PERHAPS, 10);
  expect(bounded).toEqual({ ...PERHAPS, rewardsMost: 3n });
});

test('a node that is behind bounds nothing, and is asked again later', async () => {
  const asked = boundRewards(portsAt(9, 3n), 'ana', PERHAPS, 10);
  await expect(asked).rejects.toMatchObject({ code: 'rpc_unavailable' });
});

test('no node is asked where no amount may be a reward', async () => {
  const none = { amounts: [-2n], untoldFees: 1 };
  expect(await boundRewards(portsAt(9, 3n), 'ana', none, 10)).toEqual(none);
});
