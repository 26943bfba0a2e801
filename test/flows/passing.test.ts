// Passing: an agent whose own token account is closed, frozen or given away still pays, through a
// token account that is opened and closed within the payment; its rent returns to the payer.
import {
  AuthorityType,
  createCloseAccountInstruction,
  createSetAuthorityInstruction,
  getAssociatedTokenAddressSync,
} from '@solana/spl-token';
import { Keypair, type PublicKey } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { USDC } from '../../src/local/drift/addresses.ts';
import { editedNode } from '../support/edited-node.ts';
import { factsOf } from '../support/heard-rows.ts';
import { LONG } from '../support/long.ts';
import { openStreet, profitableClose, type Street, unscheduled } from '../support/street.ts';

const SOL = 1_000_000_000n;
const ata = (owner: Keypair) => getAssociatedTokenAddressSync(USDC, owner.publicKey);
const noticed = async ({ database }: Street, what: string): Promise<number> =>
  (await factsOf(database, 'notice')).filter(({ body }) => body.what === what).length;

test('an account that was given to a stranger: the debt is paid past it, and the gift is on record', async () => {
  await using street = await openStreet({ settings: unscheduled() });
  const { driver } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
  const { agent } = trader;
  await street.subscribe('ana', trader, creator);
  const stranger = Keypair.generate().publicKey;
  driver.send(
    [
      createSetAuthorityInstruction(
        ata(agent),
        agent.publicKey,
        AuthorityType.AccountOwner,
        stranger,
      ),
    ],
    [driver.faucet, agent],
  );
  profitableClose(driver, trader);
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
  expect(await noticed(street, 'token_authority_changed')).toBe(1);
  // The fee, and the rent of the creator's account; the other rent came back.
  expect(driver.lamportsOf(agent.publicKey)).toBe(SOL - 5_000n - 2_039_280n);
  await street.standing('ana', 'good');
  // Books and proofs find the payment by the address of the agent's own account.
  await street.restart();
  profitableClose(driver, trader);
  await expect
    .poll(async () => (await street.shares('ana')).filter((each) => each.status === 'paid').length)
    .toBe(2);
});

test('an account that is closed after each payment is never opened at the cost of the sponsor', async () => {
  const sponsor = Keypair.generate();
  await using street = await openStreet({ sponsor, settings: unscheduled() });
  const { driver } = street;
  driver.giveSol(sponsor.publicKey, SOL);
  const creator = Keypair.generate().publicKey;
  driver.giveUsdc(creator, 1n);
  const trader = driver.createTrader({ deposit: 1_000_000_000n });
  const { agent } = trader;
  await street.subscribe('ana', trader, creator);
  const loot = Keypair.generate().publicKey;
  driver.send(
    [createCloseAccountInstruction(ata(agent), loot, agent.publicKey)],
    [driver.faucet, agent],
  );
  for (let n = 1; n <= 2; n++) {
    profitableClose(driver, trader);
    await expect
      .poll(
        async () => (await street.shares('ana')).filter((each) => each.status === 'paid').length,
      )
      .toBe(n);
    expect(driver.usdcOf(agent.publicKey)).toBeNull();
  }
  expect(driver.lamportsOf(sponsor.publicKey)).toBe(SOL - 2n * 10_000n);
});

/** How the holder of the agent's key changes the agent's empty token account. */
const CHANGES = {
  'is closed': ({ publicKey }: Keypair, own: PublicKey) =>
    createCloseAccountInstruction(own, publicKey, publicKey),
  'is given to another wallet': ({ publicKey }: Keypair, own: PublicKey) =>
    createSetAuthorityInstruction(
      own,
      publicKey,
      AuthorityType.AccountOwner,
      Keypair.generate().publicKey,
    ),
} as const;
/** In npm test the last one; in `npm run test:long` each. */
const MOMENTS = [
  ['is closed', 'nothing is open, so the payment is simulated before it is signed'],
  [
    'is given to another wallet',
    'nothing is open, so the payment is simulated before it is signed',
  ],
  ['is closed', 'a position is open, so the plan is simulated'],
  ['is given to another wallet', 'a position is open, so the plan is simulated'],
] as const;
test.each(LONG ? MOMENTS : MOMENTS.slice(-1))(
  'an account that %s after the plan was read: the debt is planned anew and paid past it (%s)',
  async (change, when) => {
    let url = '';
    let onPlan: (() => void) | null = null;
    const creator = Keypair.generate().publicKey;
    // The node answers truly, and tells the test when the plan has been read.
    const node = await editedNode(
      () => url,
      ({ method, params }, result) => {
        const [accounts] = (params ?? []) as unknown[];
        const isPlan =
          method === 'getMultipleAccounts' && (accounts as string[]).includes(creator.toBase58());
        if (isPlan) onPlan?.();
        if (isPlan) onPlan = null;
        return result;
      },
    );
    await using street = await openStreet({
      settings(given, { chain }) {
        url = chain.rpcUrl;
        return { ...given, rpc: { ...given.rpc, url: node.url } };
      },
    });
    await using closing = new AsyncDisposableStack();
    closing.defer(() => node.close());
    const { driver } = street;
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    const { agent } = trader;
    await street.subscribe('ana', trader, creator);
    if (when.startsWith('a position')) driver.trade(trader, 'long', 100_000_000n, { market: 1 });
    let changed = 0;
    onPlan = () => {
      driver.send([CHANGES[change](agent, ata(agent))], [driver.faucet, agent]);
      changed++;
    };
    profitableClose(driver, trader);
    const share = await street.share('ana', ({ status }) => ['paid', 'failed'].includes(status));
    expect(share).toMatchObject({ status: 'paid', attempts: 1 });
    expect(changed).toBe(1);
    expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
  },
);
