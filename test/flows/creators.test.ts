// Creators: which addresses may be paid, on the whole daemon: checked when terms are agreed, and
// again when a payment is planned.
import {
  ACCOUNT_SIZE,
  createAssociatedTokenAccountInstruction,
  createCloseAccountInstruction,
  createInitializeAccount3Instruction,
  getAssociatedTokenAddressSync,
  TOKEN_PROGRAM_ID,
} from '@solana/spl-token';
import { Keypair, PublicKey, SYSVAR_CLOCK_PUBKEY, SystemProgram } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { base58Text } from '../../src/core/ids.ts';
import { DRIFT, STATE, USDC } from '../../src/local/drift/addresses.ts';
import { type Driver, transferUsdc } from '../../src/local/driver.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose, type Street, unscheduled } from '../support/street.ts';

const SOL = 1_000_000_000n;
const MEMO = new PublicKey('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr');
const ata = (owner: PublicKey) => getAssociatedTokenAddressSync(USDC, owner, true);
const register = (street: Street, id: string, agent: Keypair) =>
  street.post('/v1/subscribers', {
    id,
    agentWallet: agent.publicKey.toBase58(),
    agentSecretKey: base58Text(agent.secretKey),
    subAccountIds: [0],
  });
const agree = async (street: Street, id: string, creator: PublicKey, more: object = {}) => {
  const { status, body } = await street.post(`/v1/subscribers/${id}/subscriptions`, {
    id: `${id}-sub`,
    subAccountId: 0,
    creatorWallet: creator.toBase58(),
    shareBps: 1_000,
    ...more,
  });
  return status === 201 ? 'taken' : body.title;
};
/**
 * Makes a token account at the address of a key, as `spl-token create-account` with a keypair does.
 */
function openAuxiliary(driver: Driver, account: Keypair, owner: PublicKey): void {
  driver.send(
    [
      SystemProgram.createAccount({
        fromPubkey: driver.faucet.publicKey,
        newAccountPubkey: account.publicKey,
        lamports: 2_039_280,
        space: ACCOUNT_SIZE,
        programId: TOKEN_PROGRAM_ID,
      }),
      createInitializeAccount3Instruction(account.publicKey, USDC, owner),
    ],
    [driver.faucet, account],
  );
}

test('terms name an address that can spend what is paid to it, or they are refused with the reason', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const [auxiliary, owner, other] = [Keypair.generate(), Keypair.generate(), Keypair.generate()];
  openAuxiliary(driver, auxiliary, owner.publicKey);
  const trader = driver.createTrader({ deposit: 1_000_000n });
  await register(street, 'ana', trader.agent);
  await register(street, 'bo', other);
  const own = trader.agent.publicKey;
  const closedTokens = getAssociatedTokenAddressSync(USDC, owner.publicKey);
  const cases: [string, PublicKey, object, string][] = [
    ['a token account with a key', auxiliary.publicKey, {}, 'creator_not_payable'],
    ['the mint', USDC, {}, 'creator_not_payable'],
    ['the system program', SystemProgram.programId, {}, 'creator_not_payable'],
    ['the token program', TOKEN_PROGRAM_ID, {}, 'creator_not_payable'],
    ['the venue', DRIFT, {}, 'creator_not_payable'],
    ['a sysvar', SYSVAR_CLOCK_PUBKEY, { offCurve: true }, 'creator_not_payable'],
    ["the venue's own account", STATE, { offCurve: true }, 'creator_not_payable'],
    ['a closed token account', closedTokens, { offCurve: true }, 'creator_unproven'],
    ['the own agent', own, {}, 'creator_is_agent'],
    ["somebody else's agent", other.publicKey, {}, 'creator_is_agent'],
    [
      "the own agent's token account",
      getAssociatedTokenAddressSync(USDC, own),
      { offCurve: true },
      'creator_off_curve',
    ],
  ];
  for (const [name, creator, more, refusal] of cases)
    expect(await agree(street, 'ana', creator, more), name).toBe(refusal);
  // Lamports alone do not make a vault of a known wallet's token account.
  driver.giveSol(closedTokens, 1_000_000n);
  const creator = owner.publicKey;
  expect(await agree(street, 'ana', creator)).toBe('taken');
  expect(await agree(street, 'bo', closedTokens, { offCurve: true })).toBe('creator_off_curve');
  // A change of terms is looked at as the first terms were.
  expect(await agree(street, 'ana', USDC)).toBe('creator_not_payable');
  const { body } = await register(street, 'cleo', owner);
  expect(body).toMatchObject({ title: 'agent_is_creator', status: 422 });
});

test('a creator that has become a token account since the terms is not paid, and the reason is told', async () => {
  await using street = await openStreet({ settings: unscheduled() });
  const { driver } = street;
  const creator = Keypair.generate();
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
  await street.subscribe('ana', trader, creator.publicKey);
  openAuxiliary(driver, creator, Keypair.generate().publicKey);
  profitableClose(driver, trader);
  const share = await street.share('ana', (each) => each.status === 'failed');
  expect(share.reason).toMatchObject({ code: 'creator_not_payable', class: 'operator' });
  expect(driver.usdcOf(creator.publicKey)).toBeNull();
});

test('a sponsor that is the creator as well is paid, and gives nothing back to itself', async () => {
  const sponsor = Keypair.generate();
  await using street = await openStreet({
    sponsor,
    settings: unscheduled({ reimbursePerSol: '150000000', reimburseMost: '1000000' }),
  });
  const { driver, database } = street;
  driver.giveSol(sponsor.publicKey, SOL);
  driver.giveUsdc(sponsor.publicKey, 1n);
  const trader = driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('house', trader, sponsor.publicKey);
  profitableClose(driver, trader);
  const share = await street.share('house', (each) => each.status === 'paid');
  expect(driver.usdcOf(sponsor.publicKey)).toBe(BigInt(share.amount) + 1n);
  expect(await paymentsIn(database)).toMatchObject([{ reimburse: 0n, feePayer: 'sponsor' }]);
});

test('an account that the creator closes after being paid is not opened for ever', async () => {
  await using street = await openStreet({ settings: unscheduled({ creationsMost: 1 }) });
  const { driver } = street;
  const creator = Keypair.generate();
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
  await street.subscribe('ana', trader, creator.publicKey);
  profitableClose(driver, trader);
  const first = await street.share('ana', (each) => each.status === 'paid');
  transferUsdc(driver, creator, driver.faucet.publicKey, BigInt(first.amount));
  const own = ata(creator.publicKey);
  driver.send(
    [createCloseAccountInstruction(own, creator.publicKey, creator.publicKey)],
    [driver.faucet, creator],
  );
  profitableClose(driver, trader);
  const parked = await street.share('ana', (each) => each.status === 'failed');
  expect(parked.reason).toMatchObject({ code: 'creator_account_reopened', class: 'operator' });
  const payer = driver.faucet.publicKey;
  driver.send(
    [createAssociatedTokenAccountInstruction(payer, own, creator.publicKey, USDC)],
    [driver.faucet],
  );
  // Nodes tell of the account once its block is confirmed; a retry before that parks the debt
  // again.
  await expect
    .poll(async () => {
      await street.post(`/v1/shares/${parked.id}/retry`, {});
      return (await street.shares('ana')).find((each) => each.id === parked.id)?.status;
    })
    .toBe('paid');
});

test('a vault is paid where the terms say so; by default it is refused, and a token account always', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
  const [vault] = PublicKey.findProgramAddressSync([Buffer.from('vault')], MEMO);
  await register(street, 'ana', trader.agent);
  const subscribe = (creatorWallet: PublicKey, offCurve: boolean, more = {}) =>
    street.post('/v1/subscribers/ana/subscriptions', {
      id: 's',
      subAccountId: 0,
      creatorWallet: creatorWallet.toBase58(),
      shareBps: 1_000,
      offCurve,
      ...more,
    });
  const refused = (await subscribe(vault, false)).body;
  expect(refused).toMatchObject({ title: 'creator_off_curve', status: 422 });
  const tokens = await subscribe(ata(trader.agent.publicKey), true);
  expect(tokens.body).toMatchObject({ title: 'creator_off_curve', status: 422 });
  expect((await subscribe(vault, true)).body).toMatchObject({ title: 'creator_unproven' });
  const derived = (seeds: object[]) => ({ vault: { program: MEMO.toBase58(), seeds } });
  const wrong = await subscribe(vault, true, derived([{ text: 'treasury' }]));
  expect(wrong.body).toMatchObject({ title: 'creator_unproven' });
  const right = await subscribe(vault, true, derived([{ text: 'vault' }]));
  expect(right.status).toBe(201);
  // A proof that was given once need not be given again.
  expect((await subscribe(vault, true)).status).toBe(201);
  profitableClose(driver, trader);
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(driver.usdcOf(vault)).toBe(BigInt(share.amount));
});
