// Standing wallet rows: rows of the table of docs/standing.md in which SOL and tokens move by the
// system program and the token programs.
import {
  AuthorityType,
  createApproveInstruction,
  createBurnInstruction,
  createCloseAccountInstruction,
  createInitializeAccount3Instruction,
  createSetAuthorityInstruction,
  createTransferCheckedInstruction,
  NATIVE_MINT,
  TOKEN_PROGRAM_ID,
} from '@solana/spl-token';
import { ComputeBudgetProgram, Keypair, type PublicKey, SystemProgram } from '@solana/web3.js';
import { DRIFT, USDC } from '../../src/local/drift/addresses.ts';
import * as hand from './made-transaction.ts';
import {
  accounts,
  acts,
  away,
  heard,
  made,
  pay,
  type Row,
  send,
  stranger,
  T22,
} from './standing-heard.ts';
import {
  batch,
  createAllowPrefund,
  openAccount,
  SOL,
  unwrapLamports,
  withdrawExcessLamports,
  wrappedAccountOf,
  wrapSol,
} from './wallet-acts.ts';

export const WALLET_ROWS: Readonly<Record<string, Row>> = {
  'SOL sent, by `transfer` or as wrapped SOL, through accounts in between, by a nonce account, in a `batch`':
    (stage) => {
      const { agent, faucet } = accounts(stage);
      const { agent: signer } = stage.trader;
      const [between, nonce] = [Keypair.generate(), Keypair.generate()];
      const middle = wrappedAccountOf(between.publicKey);
      const [wrapped, there] = [wrappedAccountOf(agent), wrappedAccountOf(away)];
      const move = (to: PublicKey) =>
        createTransferCheckedInstruction(wrapped, NATIVE_MINT, to, agent, 3n * SOL, 9);
      stage.act([...wrapSol(agent, 9n * SOL), openAccount(faucet.publicKey, away, NATIVE_MINT)]);
      const relay = [
        openAccount(faucet.publicKey, between.publicKey, NATIVE_MINT),
        move(middle),
        createCloseAccountInstruction(middle, away, between.publicKey),
      ];
      const nonces = SystemProgram.createNonceAccount({
        fromPubkey: agent,
        noncePubkey: nonce.publicKey,
        authorizedPubkey: away,
        lamports: Number(5n * SOL),
      }).instructions;
      return [
        ...acts(stage, [pay(agent, away, 5n * SOL)], [move(there)], [batch(move(there))]),
        heard(stage, stage.act(relay, [signer, between])),
        heard(stage, stage.act(nonces, [signer, nonce])),
      ];
    },
  'SOL put into an own token account that is not of wrapped SOL': (stage) => {
    const { agent, own } = accounts(stage);
    return acts(stage, [pay(agent, own, 5n * SOL)]);
  },
  '`UnwrapLamports` or closing an own account of wrapped SOL to a stranger': (stage) => {
    const { agent } = accounts(stage);
    const wrapped = wrappedAccountOf(agent);
    stage.act(wrapSol(agent, 7n * SOL));
    return acts(
      stage,
      [unwrapLamports(wrapped, away, agent)],
      [...wrapSol(agent, 2n * SOL), createCloseAccountInstruction(wrapped, away, agent)],
    );
  },
  'The same to the agent itself; wrapping SOL': (stage) => {
    const { agent, own, faucet } = accounts(stage);
    const wrapped = wrappedAccountOf(agent);
    stage.act([pay(faucet.publicKey, own, 5n * SOL)], []);
    return acts(
      stage,
      wrapSol(agent, 7n * SOL),
      [unwrapLamports(wrapped, agent, agent)],
      [withdrawExcessLamports(own, agent, agent)],
      [createCloseAccountInstruction(wrapped, agent, agent)],
    );
  },
  'SOL above the rent of an own account of another token, by `WithdrawExcessLamports`, to any wallet':
    (stage) => {
      const { agent, own, faucet } = accounts(stage);
      stage.act([pay(faucet.publicKey, own, 5n * SOL)], []);
      return acts(stage, [withdrawExcessLamports(own, away, agent)]);
    },
  'An account created with lamports, by `createAccount` or `CreateAccountAllowPrefund`, of any size':
    (stage) => {
      const { agent } = accounts(stage);
      const [large, small, prefunded] = [
        Keypair.generate(),
        Keypair.generate(),
        Keypair.generate(),
      ];
      const create = (account: Keypair, lamports: bigint, space: number) =>
        SystemProgram.createAccount({
          fromPubkey: agent,
          newAccountPubkey: account.publicKey,
          lamports: Number(lamports),
          space,
          programId: SystemProgram.programId,
        });
      const size = 5 * 1024 * 1024;
      const rent = stage.world.cluster.bank.minimumBalance(size);
      const { agent: signer } = stage.trader;
      return [
        heard(stage, stage.act([create(large, rent, size)], [signer, large])),
        heard(stage, stage.act([create(small, 5n * SOL, 0)], [signer, small])),
        heard(
          stage,
          stage.act(
            [createAllowPrefund(agent, prefunded.publicKey, 20n * SOL)],
            [signer, prefunded],
          ),
        ),
      ];
    },
  'Rent of own token accounts, sub-accounts and the account of counters': (stage) => {
    const { agent } = accounts(stage);
    return acts(
      stage,
      [openAccount(agent, agent, NATIVE_MINT)],
      [stage.world.driver.instructions.initializeUser(agent, agent, 1)],
    );
  },
  'Network fee': (stage) => {
    accounts(stage);
    const price = ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 1_000 });
    return [heard(stage, stage.act([price], [stage.trader.agent], 'first'))];
  },
  "Tips, rent of a creator's token account, a relayer's fee in USDC": (stage) => {
    const { agent, own, theirs } = accounts(stage);
    const creator = Keypair.generate().publicKey;
    return acts(
      stage,
      [pay(agent, away, 10_000_000n)],
      [openAccount(agent, creator, USDC)],
      [send(own, theirs, agent, 500_000n)],
    );
  },
  "The agent's wallet assigned to a program": (stage) => {
    const { agent } = accounts(stage);
    return acts(stage, [SystemProgram.assign({ accountPubkey: agent, programId: DRIFT })]);
  },
  'Tokens sent; a token account with tokens given to another owner; tokens burnt': (stage) => {
    const { agent, own, theirs } = accounts(stage);
    return acts(
      stage,
      [send(own, theirs, agent, 30_000_000n)],
      [createBurnInstruction(own, USDC, agent, 30_000_000n)],
      [createSetAuthorityInstruction(own, agent, AuthorityType.AccountOwner, away)],
    );
  },
  'Tokens or wrapped SOL taken by a delegate, or by closing': (stage) => {
    const { agent, own, theirs } = accounts(stage);
    stage.act([
      createApproveInstruction(own, away, agent, 60_000_000n),
      createSetAuthorityInstruction(own, agent, AuthorityType.CloseAccount, away),
    ]);
    const wrapped = wrappedAccountOf(agent);
    stage.act([
      ...wrapSol(agent, 3n * SOL),
      createSetAuthorityInstruction(wrapped, agent, AuthorityType.CloseAccount, away),
    ]);
    return [
      heard(stage, stage.act([send(own, theirs, away)], [stranger])),
      heard(stage, stage.act([createCloseAccountInstruction(wrapped, away, away)], [stranger])),
    ];
  },
  '`Approve`, `SetAuthority`, a new Drift delegate, also in a `batch`': (stage) => {
    const { agent, own } = accounts(stage);
    const approve = () => createApproveInstruction(own, away, agent, 60_000_000n);
    const close = createSetAuthorityInstruction(own, agent, AuthorityType.CloseAccount, away);
    const { updateDelegate } = stage.world.driver.instructions;
    return acts(
      stage,
      [approve()],
      [close],
      [batch(approve())],
      [updateDelegate(stage.trader, away)],
    );
  },
  'A token that the venue has no market of, sent or swapped': () => {
    const mint = hand.someone();
    const [mine, theirs] = [hand.someone(), hand.someone()];
    return made(
      [hand.transfer(mine, theirs, 7n)],
      [hand.tokens(mine, 7n, 0n, { ...hand.mine, mint }), hand.tokens(theirs, 0n, 7n, { mint })],
    );
  },
  'A token taken back by its issuer: permanent delegate, hook, freeze': () => {
    const pyusd = '2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo' as never;
    const issuer = hand.someone();
    const [mine, theirs] = [hand.someone(), hand.someone()];
    const ofPyusd = { mint: pyusd, program: T22 as never };
    const take = { ...hand.transfer(mine, theirs, 7_000_000n), program: T22 as never };
    const touches = { program: hand.OTHER, accounts: [hand.agent], data: Buffer.from([9]) };
    return made(
      [take, touches],
      [
        hand.tokens(mine, 7_000_000n, 0n, { ...hand.mine, ...ofPyusd }),
        hand.tokens(theirs, 0n, 7_000_000n, ofPyusd),
      ],
      { signers: [issuer] },
    );
  },
  'A fee that a Token-2022 mint keeps back': () => {
    const pyusd = '2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo' as never;
    const ofPyusd = { ...hand.mine, mint: pyusd, program: T22 as never };
    const [from, to] = [hand.someone(), hand.someone()];
    const move = { ...hand.transfer(from, to, 100n), program: T22 as never };
    // From one own account to another: one unit is kept back.
    return made([move], [hand.tokens(from, 100n, 0n, ofPyusd), hand.tokens(to, 0n, 99n, ofPyusd)]);
  },
  'Rent of a token account that a stranger made for the agent, taken by closing it': (stage) => {
    const { agent } = accounts(stage);
    const account = Keypair.generate();
    const { bank } = stage.world.cluster;
    const give = (type: AuthorityType, to: PublicKey) =>
      createSetAuthorityInstruction(account.publicKey, away, type, to);
    stage.act(
      [
        SystemProgram.createAccount({
          fromPubkey: away,
          newAccountPubkey: account.publicKey,
          lamports: Number(bank.minimumBalance(165)) + 500_000_000,
          space: 165,
          programId: TOKEN_PROGRAM_ID,
        }),
        createInitializeAccount3Instruction(account.publicKey, USDC, away),
        give(AuthorityType.CloseAccount, away),
        give(AuthorityType.AccountOwner, agent),
      ],
      [stranger, account],
    );
    const close = createCloseAccountInstruction(account.publicKey, away, away);
    return [heard(stage, stage.act([close, pay(away, agent, 1n)], [stranger]))];
  },
};
