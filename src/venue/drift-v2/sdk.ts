// Sdk: the only file that loads @drift-labs/sdk, when a builder is first needed: loading takes a
// second and 80 MB. It provides instruction encodings and error names. Addresses, decoding and
// amounts are computed without it.
import { Connection, Keypair, PublicKey, type TransactionInstruction } from '@solana/web3.js';
import type { Address } from '../../core/ids.ts';
import type { AccountMeta, Instruction } from '../../core/transaction.ts';
import type { Builder, BuilderDoor, Parties } from '../builder.ts';
import type { Dialect } from '../dialect.ts';

type BuiltInstruction = Pick<TransactionInstruction, 'programId' | 'keys' | 'data'>;

const TOKEN_PROGRAM = new PublicKey('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA');
const key = (address: Address): PublicKey => new PublicKey(address);
const text = (publicKey: PublicKey): Address => publicKey.toBase58() as Address;

async function load({ profile, addresses }: Dialect): Promise<Builder> {
  const sdk = await import('@drift-labs/sdk');
  const program = key(profile.programId);
  const { market: quoteMarket } = profile.quote;
  // The client is never subscribed and never connects. It is used only to encode instructions.
  const connection = new Connection('http://127.0.0.1:1');
  const client = new sdk.DriftClient({
    connection,
    wallet: new sdk.Wallet(Keypair.generate()),
    programID: program,
    env: 'mainnet-beta',
    accountSubscription: {
      type: 'polling',
      accountLoader: new sdk.BulkAccountLoader(connection, 'confirmed', 0),
    },
    skipLoadUsers: true,
  });
  const { instruction } = client.program;
  const encode = (name: string, ...given: unknown[]) => {
    const build = instruction[name] as ((...args: unknown[]) => BuiltInstruction) | undefined;
    if (build === undefined) throw new Error(`@drift-labs/sdk has no instruction ${name}`);
    return toInstruction(build(...given));
  };
  const names = new Map((client.program.idl.errors ?? []).map((each) => [each.code, each.name]));
  const toInstruction = (built: BuiltInstruction): Instruction => ({
    program: text(built.programId),
    accounts: built.keys.map(({ pubkey, isSigner, isWritable }) => ({
      address: text(pubkey),
      isSigner,
      isWritable,
    })),
    data: new Uint8Array(built.data),
  });
  const metas = (remaining: readonly AccountMeta[]) =>
    remaining.map(({ address, isSigner, isWritable }) => ({
      pubkey: key(address),
      isSigner,
      isWritable,
    }));
  const parties = ({ user, authority }: Parties) => ({
    state: key(addresses.state),
    user: key(user),
    authority: key(authority),
    spotMarketVault: key(addresses.spotVault(quoteMarket)),
  });
  return {
    settle: (accounts, market, remaining) =>
      encode('settlePnl', market, {
        accounts: parties(accounts),
        remainingAccounts: metas(remaining),
      }),
    withdraw: (accounts, amount, remaining) =>
      encode('withdraw', quoteMarket, new sdk.BN(amount.toString()), true, {
        accounts: {
          ...parties(accounts),
          userStats: key(addresses.userStats(accounts.authority)),
          driftSigner: key(addresses.signer),
          userTokenAccount: key(accounts.destination),
          tokenProgram: TOKEN_PROGRAM,
        },
        remainingAccounts: metas(remaining),
      }),
    errorName: (code) =>
      names.get(code) ?? (code === 101 ? 'InstructionFallbackNotFound' : 'unnamed error'),
  };
}

/** Creates a door that loads the SDK at the first `load`, once. */
export function createSdkDoor(dialect: Dialect): BuilderDoor {
  let loading: Promise<Builder> | null = null;
  let ready: Builder | null = null;
  return {
    loaded: () => ready,
    load() {
      loading ??= load(dialect).then((builder) => {
        ready = builder;
        return builder;
      });
      return loading;
    },
  };
}
