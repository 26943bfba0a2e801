// Import creators: an import reads the accounts of creators a hundred a call, each once, and asks
// for each by its own account whether it can be paid.
import { expect, test } from 'vitest';
import { redaction } from '../../src/chain/keypair.ts';
import type { ChainAccount } from '../../src/core/chain-ports.ts';
import type { Address } from '../../src/core/ids.ts';
import { bundlesOf } from '../../src/core/import-rows.ts';
import { USDC } from '../../src/core/token.ts';
import { type Venue, venuesOf } from '../../src/core/venue.ts';
import { createImportReading, type ReadingPorts } from '../../src/flows/import-reading.ts';
import { createPayable, type PayablePorts } from '../../src/flows/payable.ts';
import { addressOf, createTestLedger } from '../support/ledger.ts';

const PEOPLE = 150;
const creatorOf = (n: number): Address => addressOf(1_000 + n);
/** The creator whose address is a token account. */
const WRONG = creatorOf(120);
const TOKEN_PROGRAM = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA' as Address;
const tokenAccount = { owner: TOKEN_PROGRAM, data: new Uint8Array(165), lamports: 1n };

test('a creator costs no call of its own, also when the rows are imported again', async () => {
  await using held = await createTestLedger();
  const calls: number[] = [];
  const answer = async (addresses: readonly Address[]) => {
    calls.push(addresses.length);
    const accounts = addresses.map((each) =>
      each === WRONG ? (tokenAccount as unknown as ChainAccount) : null,
    );
    return { slot: 100, accounts };
  };
  const venue = {
    name: 'drift-v2',
    title: 'Drift',
    quote: USDC,
    quoteMint: USDC.mint,
    userAddress: async (wallet: Address) => `${wallet}`.replace(/^./, 'u'),
    stateOf: () => null,
    programId: addressOf(9),
  } as unknown as Venue;
  const chain = { slot: async () => 70, slices: answer, accounts: answer };
  const tokens = { tokenAccount: (_: Address, wallet: Address) => wallet, isOnCurve: () => true };
  const venues = venuesOf([venue]);
  const read = () =>
    createImportReading({
      imports: { accountOf: async () => null },
      venues,
      chain,
      tokens,
      signers: {},
      payable: createPayable({
        ledger: held.ledger,
        chain,
        tokens,
        venues,
        pen: { sponsor: null },
      } as unknown as PayablePorts),
    } as unknown as ReadingPorts);
  const rows = Array.from({ length: PEOPLE }, (_, n) => [
    { kind: 'subscriber', id: `s${n}`, agentWallet: addressOf(300 + n), subAccountIds: [0] },
    {
      kind: 'subscription',
      id: `s${n}-1`,
      subscriber: `s${n}`,
      subAccountId: 0,
      creatorWallet: creatorOf(n),
      shareBps: 1_000,
    },
  ]).flat();
  const { bundles } = bundlesOf(
    rows.map((value, index) => ({ line: index + 1, value })),
    redaction,
  );
  for (const nth of [1, 2]) {
    calls.length = 0;
    const refused: string[] = [];
    const { prepared } = await read()(bundles, (_, problem) => refused.push(problem));
    // Wallets, accounts and creators.
    expect(calls, `import ${nth}`).toEqual([100, 50, 100, 50, 100, 50]);
    expect(prepared.flatMap((each) => each.subscriptions)).toHaveLength(PEOPLE - 1);
    expect(refused).toEqual([expect.stringContaining(`${WRONG} is a token account`)]);
  }
});
