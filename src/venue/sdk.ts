// Sdk: the one place that loads @drift-labs/sdk, when it is first needed: loading it takes a second and 80 MB. From it
// come addresses, instruction encodings and error names; decoding and money are ours.
import { Connection, Keypair, PublicKey, type TransactionInstruction } from '@solana/web3.js';
import type { Address } from '../core/ids.ts';
import type { AccountMeta, Instruction } from '../core/transaction.ts';
import { PROGRAM_ID, QUOTE_MARKET } from './profile.ts';

export type Sdk = {
  state(): Promise<Address>;
  user(authority: Address, subAccountId: number): Address;
  spotMarket(index: number): Promise<Address>;
  perpMarket(index: number): Promise<Address>;
  settle(
    accounts: SettleAccounts,
    market: number,
    remaining: readonly AccountMeta[],
  ): Promise<Instruction>;
  withdraw(
    accounts: SettleAccounts & { destination: Address },
    amount: bigint,
    remaining: readonly AccountMeta[],
  ): Promise<Instruction>;
  errorName(code: number): string;
};
type BuiltInstruction = Pick<TransactionInstruction, 'programId' | 'keys' | 'data'>;
type SettleAccounts = { readonly user: Address; readonly authority: Address };

const TOKEN_PROGRAM = new PublicKey('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA');
const key = (address: Address): PublicKey => new PublicKey(address);
const text = (publicKey: PublicKey): Address => publicKey.toBase58() as Address;

async function load(): Promise<Sdk> {
  const sdk = await import('@drift-labs/sdk');
  const program = key(PROGRAM_ID);
  // The client is never subscribed and never connects: it is asked for its instruction encodings alone.
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
  const settleAccounts = async ({ user, authority }: SettleAccounts) => ({
    state: await sdk.getDriftStateAccountPublicKey(program),
    user: key(user),
    authority: key(authority),
    spotMarketVault: await sdk.getSpotMarketVaultPublicKey(program, QUOTE_MARKET),
  });
  return {
    state: async () => text(await sdk.getDriftStateAccountPublicKey(program)),
    user: (authority, subAccountId) =>
      text(sdk.getUserAccountPublicKeySync(program, key(authority), subAccountId)),
    spotMarket: async (index) => text(await sdk.getSpotMarketPublicKey(program, index)),
    perpMarket: async (index) => text(await sdk.getPerpMarketPublicKey(program, index)),
    async settle(accounts, market, remaining) {
      return encode('settlePnl', market, {
        accounts: await settleAccounts(accounts),
        remainingAccounts: metas(remaining),
      });
    },
    async withdraw(accounts, amount, remaining) {
      return encode('withdraw', QUOTE_MARKET, new sdk.BN(amount.toString()), true, {
        accounts: {
          ...(await settleAccounts(accounts)),
          userStats: sdk.getUserStatsAccountPublicKey(program, key(accounts.authority)),
          driftSigner: sdk.getDriftSignerPublicKey(program),
          userTokenAccount: key(accounts.destination),
          tokenProgram: TOKEN_PROGRAM,
        },
        remainingAccounts: metas(remaining),
      });
    },
    errorName: (code) =>
      names.get(code) ?? (code === 101 ? 'InstructionFallbackNotFound' : 'unnamed error'),
  };
}

/** A door that loads the SDK once, when it is first gone through. */
export function createSdkDoor(): { load(): Promise<Sdk>; loaded(): Sdk | null } {
  let loading: Promise<Sdk> | null = null;
  let ready: Sdk | null = null;
  return {
    loaded: () => ready,
    load() {
      loading ??= load().then((sdk) => {
        ready = sdk;
        return sdk;
      });
      return loading;
    },
  };
}
