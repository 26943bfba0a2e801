// Venue: checks that the venue's program is there, known and open, and that its quote token is the
// one of the profile.

import { readOwned } from '../chain/probe.ts';
import { createProgramReader } from '../chain/program.ts';
import { openConnection } from '../chain/rpc.ts';
import { conformanceOf, type OnUnknownProgram, type Voucher } from '../core/conformance.ts';
import { type Finding, fine, odd, wrong } from '../core/doctor-finding.ts';
import { Fault } from '../core/fault.ts';
import { TOKEN_PROGRAM } from '../core/programs.ts';
import { DEFAULT_VENUE, type VenueName } from '../core/venue-name.ts';
import { dialectOf } from '../venue/venues.ts';

/** The findings on a venue that the daemon serves, as one node shows it. */
export async function ofVenue(
  rpcUrl: string,
  venue: VenueName = DEFAULT_VENUE,
): Promise<Finding[]> {
  const { profile, accounts, addresses } = dialectOf(venue);
  const { name, programId, quote, paused: bits } = profile;
  const connection = openConnection(rpcUrl, null);
  const [program, mint, marketAccount, stateAccount] = await readOwned(connection, [
    programId,
    quote.mint,
    addresses.spotMarket(quote.market),
    addresses.state,
  ]);
  const found: Finding[] = [];
  if (program?.executable !== true)
    found.push(
      wrong(
        'venue',
        `${programId} is no program on this chain`,
        'Check the network of the RPC node.',
      ),
    );
  const decimals = mint?.data[44];
  if (mint == null || mint.owner !== TOKEN_PROGRAM || decimals !== quote.decimals)
    found.push(
      wrong(
        'mint',
        mint == null
          ? `${quote.mint} does not exist`
          : `${quote.mint} has ${decimals} decimals and belongs to ${mint.owner}`,
        `This is not the ${quote.symbol} that the venue profile is made for: check the network; pay nothing.`,
      ),
    );
  else found.push(fine('mint', `${quote.mint}, ${decimals} decimals`));
  if (marketAccount == null || stateAccount == null)
    return [
      ...found,
      wrong(
        'venue',
        `its state or its ${quote.symbol} market is missing`,
        'Check the network of the RPC node.',
      ),
    ];
  try {
    const spot = accounts.spotMarket(accounts.owned(marketAccount));
    if (spot.mint !== quote.mint || spot.decimals !== quote.decimals)
      found.push(
        wrong(
          'mint',
          `the venue's ${quote.symbol} market holds ${spot.mint}, ${spot.decimals} decimals`,
          'Mint and venue profile disagree: this release is not made for this venue; pay nothing.',
        ),
      );
    const status = accounts.exchangeStatus(accounts.owned(stateAccount));
    const paused = [
      ...(status & bits.withdraw || spot.withdrawPaused ? ['withdrawals'] : []),
      ...(status & bits.settlePnl ? ['settling'] : []),
    ];
    found.push(
      paused.length === 0
        ? fine('venue', `${name} is there and open`)
        : odd(
            'venue',
            `${name} has paused ${paused.join(' and ')}`,
            'Nothing to do: debts wait without using up attempts, and are paid when it opens.',
          ),
    );
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    found.push(
      wrong(
        'venue',
        `its accounts cannot be read: ${thrown.message}`,
        'This release is not made for the program that is deployed; pay nothing, and ask for a newer release.',
      ),
    );
  }
  return found;
}

/**
 * Whether the bytes of a venue's program are known: this release was proven on them, or the
 * ledger vouches for them. Throws when the program cannot be read.
 */
export async function ofProgram(
  rpcUrl: string,
  vouchers: readonly Voucher[],
  onUnknown: OnUnknownProgram,
  venue: VenueName = DEFAULT_VENUE,
): Promise<Finding[]> {
  const { programId, provenOn } = dialectOf(venue).profile;
  const program = await createProgramReader(openConnection(rpcUrl, null), programId).read();
  const found = conformanceOf(program, provenOn, vouchers);
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
