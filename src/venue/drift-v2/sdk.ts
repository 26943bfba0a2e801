// Sdk: the only file that loads @drift-labs/sdk. It provides instruction encodings and error names;
// addresses, decoding and amounts are computed without it. Of the SDK only the interface file of
// the program and the Anchor library that reads it are loaded: 0.1 s of CPU and 20 MB. Its main
// module takes 1.2 s and 80 MB, and every answer of the API would wait for that.
import { createRequire } from 'node:module';
import type { DriftClient } from '@drift-labs/sdk';
import { Connection, PublicKey, type TransactionInstruction } from '@solana/web3.js';
import { type Address, base58Text } from '../../core/ids.ts';
import { createRemembered } from '../../core/remember.ts';
import type { AccountMeta, Instruction } from '../../core/transaction.ts';
import type { Builder, BuilderDoor, Parties } from '../builder.ts';
import type { Dialect } from '../dialect.ts';

type BuiltInstruction = Pick<TransactionInstruction, 'programId' | 'keys' | 'data'>;

const TOKEN_PROGRAM = new PublicKey('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA');
/** The most keys that are kept in memory: a payment names the same ones many times. */
const KEYS_MOST = 50_000;
const texts = new WeakMap<PublicKey, Address>();
const key: (address: Address) => PublicKey = createRemembered((address: Address) => {
  const made = new PublicKey(address);
  texts.set(made, address);
  return made;
}, KEYS_MOST);
const text = (publicKey: PublicKey): Address =>
  texts.get(publicKey) ?? (base58Text(publicKey.toBytes()) as Address);

/** The parts of the Anchor library that are used; the SDK depends on it. */
type Anchor = {
  readonly BN: new (text: string) => object;
  readonly Program: new (
    idl: Interface,
    programId: PublicKey,
    provider: { readonly connection: Connection },
  ) => DriftClient['program'];
};
type Interface = DriftClient['program']['idl'];

/** The instructions that a payment is made of. Anchor prepares no others. */
const USED: ReadonlySet<string> = new Set(['settlePnl', 'withdraw']);

async function load({ profile, addresses }: Dialect): Promise<Builder> {
  const require = createRequire(import.meta.url);
  const idl = require('@drift-labs/sdk/lib/node/idl/drift.json') as Interface;
  const { BN, Program } = createRequire(require.resolve('@drift-labs/sdk'))(
    '@coral-xyz/anchor',
  ) as Anchor;
  const { market: quoteMarket } = profile.quote;
  const used = idl.instructions.filter(({ name }) => USED.has(name));
  // The program is used only to encode instructions: its connection is never used.
  const program = new Program(
    { ...idl, instructions: used, accounts: [], events: [] },
    key(profile.programId),
    { connection: new Connection('http://127.0.0.1:1') },
  );
  const { instruction } = program;
  const encode = (name: string, ...given: unknown[]) => {
    const build = instruction[name] as ((...args: unknown[]) => BuiltInstruction) | undefined;
    if (build === undefined) throw new Error(`@drift-labs/sdk has no instruction ${name}`);
    return toInstruction(build(...given));
  };
  const names = new Map((idl.errors ?? []).map((each) => [each.code, each.name]));
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
      encode('withdraw', quoteMarket, new BN(amount.toString()), true, {
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
