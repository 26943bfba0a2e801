// Import ended: a subscription that has ended at QuantumVault is brought because something is still
// owed under it. The debt is paid, and trades after the end owe nothing.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { base58Text } from '../../src/core/ids.ts';
import { quantumVaultRows } from '../../src/core/import-quantumvault.ts';
import { asking } from '../support/ask.ts';
import { openStreet, profitableClose } from '../support/street.ts';

const copy = (table: string, columns: string, ...cells: string[]): string =>
  [`COPY public.${table} (${columns}) FROM stdin;`, cells.join('\t'), '\\.'].join('\n');

test('an ended subscription that is brought with its debt charges nothing that is opened later', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const ask = asking(() => street.app().url);
  const creator = Keypair.generate().publicKey;
  const owner = Keypair.generate().publicKey.toBase58();
  const ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  const dump = [
    copy('wallets', 'address, agent_public_key', owner, ana.agent.publicKey.toBase58()),
    copy('trading_bots', 'id, drift_subaccount_id, active_protocol', 'bot-1', '0', 'drift'),
    copy(
      ...(['published_bots', 'id, creator_wallet_address, profit_share_percent'] as const),
      'pub-1',
      creator.toBase58(),
      '10.00',
    ),
    copy(
      'bot_subscriptions',
      'id, published_bot_id, subscriber_wallet_address, subscriber_bot_id, status',
      'sub-1',
      'pub-1',
      owner,
      'bot-1',
      'cancelled',
    ),
    copy(
      'pending_profit_shares',
      'id, subscriber_bot_id, creator_wallet_address, amount, realized_pnl, profit_share_percent, trade_id, protocol, status, created_at',
      'debt-1',
      'bot-1',
      creator.toBase58(),
      '1.250000',
      '12.500000',
      '10.00',
      'trade-9',
      'drift',
      'pending',
      '2026-08-01 10:00:00',
    ),
  ].join('\n');
  const rows = quantumVaultRows(dump).map((each) => {
    const row = ('value' in each ? each.value : each) as { kind?: string };
    const agentSecretKey = base58Text(ana.agent.secretKey);
    return row.kind === 'subscriber' ? { ...row, agentSecretKey } : row;
  });
  const { body } = await street.post('/v1/imports', { rows, dryRun: false });
  expect(body).toMatchObject({ refused: [], debts: { added: 1 }, subscriptions: { added: 1 } });
  const paid = await street.share(owner, ({ status }) => status === 'paid');
  expect(paid).toMatchObject({ amount: '1250000', creatorWallet: creator.toBase58() });

  const signature = profitableClose(driver, ana);
  const outcome = async () => {
    const closes = (await ask('GET', `/v1/subscribers/${owner}/closes`)).body.closes;
    return (closes as { signature: string; amount: string; reason: string }[]).find(
      (each) => each.signature === signature,
    );
  };
  await expect.poll(outcome).toMatchObject({ amount: '0', reason: 'after_end' });
  expect(await street.shares(owner)).toHaveLength(1);
  expect(driver.usdcOf(creator)).toBe(1_250_000n);
});
