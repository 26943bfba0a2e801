// Venue: whether the venue's program is there, known and open, and its quote token the one the profile is made for.
import { readOwned } from '../chain/probe.ts';
import { createProgramReader } from '../chain/program.ts';
import { openConnection } from '../chain/rpc.ts';
import { judgeProgram, type OnUnknownProgram, type Voucher } from '../core/conformance.ts';
import { type Finding, fine, odd, wrong } from '../core/finding.ts';
import type { Address } from '../core/ids.ts';
import { readExchangeStatus, readSpotMarket } from '../venue/accounts.ts';
import { createDriftVenue } from '../venue/drift.ts';
import { PAUSED, QUOTE_DECIMALS } from '../venue/profile.ts';

const TOKEN_PROGRAM = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
const NOBODY = '11111111111111111111111111111111' as Address;

export async function ofVenue(rpcUrl: string): Promise<Finding[]> {
  const venue = createDriftVenue();
  const connection = openConnection(rpcUrl, null);
  const [, market, state] = await venue.preflightAccounts(NOBODY);
  const [program, mint, marketAccount, stateAccount] = await readOwned(connection, [
    venue.programId,
    venue.quoteMint,
    market as Address,
    state as Address,
  ]);
  const found: Finding[] = [];
  if (program?.executable !== true)
    found.push(
      wrong(
        'venue',
        `${venue.programId} is no program on this chain`,
        'Check the network of the RPC node.',
      ),
    );
  const decimals = mint?.data[44];
  if (mint == null || mint.owner !== TOKEN_PROGRAM || decimals !== QUOTE_DECIMALS)
    found.push(
      wrong(
        'mint',
        mint == null
          ? `${venue.quoteMint} does not exist`
          : `${venue.quoteMint} has ${decimals} decimals and belongs to ${mint.owner}`,
        'This is not the USDC that the venue profile is made for: check the network; pay nothing.',
      ),
    );
  else found.push(fine('mint', `${venue.quoteMint}, ${decimals} decimals`));
  if (marketAccount == null || stateAccount == null)
    return [
      ...found,
      wrong(
        'venue',
        'its state or its USDC market is missing',
        'Check the network of the RPC node.',
      ),
    ];
  const spot = readSpotMarket(marketAccount.data);
  if (spot.mint !== venue.quoteMint || spot.decimals !== QUOTE_DECIMALS)
    found.push(
      wrong(
        'mint',
        `the venue's USDC market holds ${spot.mint}, ${spot.decimals} decimals`,
        'Mint and venue profile disagree: this release is not made for this venue; pay nothing.',
      ),
    );
  const status = readExchangeStatus(stateAccount.data);
  const paused = [
    ...(status & PAUSED.withdraw || spot.withdrawPaused ? ['withdrawals'] : []),
    ...(status & PAUSED.settlePnl ? ['settling'] : []),
  ];
  found.push(
    paused.length === 0
      ? fine('venue', `${venue.name} is there and open`)
      : odd(
          'venue',
          `${venue.name} has paused ${paused.join(' and ')}`,
          'Nothing to do: debts wait without using up attempts, and are paid when it opens.',
        ),
  );
  return found;
}

/**
 * Whether the bytes of the venue's program are known: those that this release was proven on, and those that the ledger
 * vouches for. Throws what reading the program throws.
 */
export async function ofProgram(
  rpcUrl: string,
  vouchers: readonly Voucher[],
  onUnknown: OnUnknownProgram,
): Promise<Finding[]> {
  const { programId, provenOn } = createDriftVenue();
  const program = await createProgramReader(openConnection(rpcUrl, null), programId).read();
  const found = judgeProgram(program, provenOn, vouchers);
  const deployed = `deployed in slot ${program.slot}, hash ${program.hash}`;
  if (found.state === 'known') return [fine('program', `${deployed}: ${found.as}`)];
  const mend =
    'In a checkout with development dependencies: bailiff venue prove. Otherwise look at what changed, then: bailiff venue accept HASH --reason TEXT.';
  return [
    onUnknown === 'halt'
      ? wrong(
          'program',
          `${deployed}: this release was not proven on these bytes, and signs nothing`,
          mend,
        )
      : odd('program', `${deployed}: this release was not proven on these bytes`, mend),
  ];
}
