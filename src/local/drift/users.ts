// Users: initialize_user_stats, initialize_user and delete_user of the stand-in. Every wallet may
// pay for the creation of an account, and the authority does not sign it. Only the authority
// deletes an account.
import { PublicKey, SystemProgram } from '@solana/web3.js';
import type { Struct } from './layout.ts';
import { perpIsUsed } from './margin.ts';
import { fail, failAnchor, type Session } from './session.ts';

/** Bit of a counter whose authority has referred another. */
const IS_REFERRER = 1;
/** Bits of a user that is being liquidated, or is bankrupt. */
const IN_TROUBLE = 1 | 2;

function create(session: Session, address: string, layout: string, value: Struct): void {
  if (session.context.get(address) !== null) failAnchor(session, 0, 'AccountAlreadyInUse');
  const data = session.venue.layout.encodeAccount(layout, value);
  session.context.call(
    SystemProgram.createAccount({
      fromPubkey: new PublicKey(session.at('payer')),
      newAccountPubkey: new PublicKey(address),
      // The rent of this many bytes at 6,960 lamports per byte, the rate of the `rent` sysvar here.
      lamports: (data.length + 128) * 6_960,
      space: data.length,
      programId: session.venue.program,
    }),
  );
  const account = session.context.get(address);
  if (account !== null) session.context.set(address, { ...account, data });
}

/** initialize_user_stats: makes the counter of an authority. */
export function initializeUserStats(session: Session): void {
  const authority = session.at('authority');
  const address = session.at('userStats');
  if (session.venue.userStatsAddress(new PublicKey(authority)).toBase58() !== address)
    failAnchor(session, 2006, 'ConstraintSeeds');
  create(session, address, 'UserStats', {
    ...session.venue.layout.blankAccount('UserStats'),
    authority,
    numberOfSubAccounts: 0,
    lastTakerVolume30dTs: session.now,
    lastMakerVolume30dTs: session.now,
    lastFillerVolume30dTs: session.now,
  });
  const state = session.load('State', session.at('state'));
  state.numberOfAuthorities += 1n;
}

/** initialize_user: makes the next sub-account of an authority. */
export function initializeUser(session: Session, args: Struct): void {
  const authority = session.at('authority');
  const address = session.at('user');
  const id: number = args.subAccountId;
  if (session.venue.userAddress(new PublicKey(authority), id).toBase58() !== address)
    failAnchor(session, 2006, 'ConstraintSeeds');
  if (session.context.get(address) !== null) failAnchor(session, 0, 'AccountAlreadyInUse');
  const stats = session.load('UserStats', session.at('userStats'));
  if (stats.authority !== authority) failAnchor(session, 2001, 'ConstraintHasOne');
  if (stats.numberOfSubAccountsCreated !== id) fail(session, 'InvalidUserSubAccountId');
  create(session, address, 'User', {
    ...session.venue.layout.blankAccount('User'),
    authority,
    subAccountId: id,
    name: args.name,
    nextOrderId: 1,
    nextLiquidationId: 1,
  });
  // The first sub-account of an authority may name its referrer by the referrer's first sub-account
  // and counter.
  const referrer = id === 0 ? (session.makers()[0] ?? null) : null;
  if (referrer !== null) {
    stats.referrer = session.load('User', referrer).authority;
    const referring = session.statsOf(stats.referrer);
    if (referring !== null) referring.referrerStatus |= IS_REFERRER;
  }
  stats.numberOfSubAccounts += 1;
  stats.numberOfSubAccountsCreated += 1;
  const state = session.load('State', session.at('state'));
  state.numberOfSubAccounts += 1n;
  session.emitData('NewUserRecord', {
    ts: session.now,
    userAuthority: authority,
    user: address,
    subAccountId: id,
    name: args.name,
    referrer: stats.referrer,
  });
}

/**
 * Closes a sub-account that holds nothing, owes nothing and has no order (validate_user_deletion).
 * No record tells of it. Its lamports go to the authority, and its id is never given again.
 */
export function deleteUser(session: Session): void {
  const address = session.at('user');
  const authority = session.at('authority');
  const user = session.load('User', address);
  const stats = session.load('UserStats', session.at('userStats'));
  if (user.authority !== authority || stats.authority !== authority)
    failAnchor(session, 2001, 'ConstraintHasOne');
  const holds =
    (user.perpPositions as Struct[]).some(perpIsUsed) ||
    (user.spotPositions as Struct[]).some(
      (each) => each.scaledBalance !== 0n || each.openOrders !== 0,
    ) ||
    (user.orders as Struct[]).some((order) => order.status !== 'init');
  const refers = (stats.referrerStatus & IS_REFERRER) !== 0 && user.subAccountId === 0;
  if ((user.status & IN_TROUBLE) !== 0 || refers || holds) fail(session, 'UserCantBeDeleted');
  stats.numberOfSubAccounts -= 1;
  const state = session.load('State', session.at('state'));
  state.numberOfSubAccounts -= 1n;
  const { context } = session;
  const closed = context.get(address);
  if (closed === null) return;
  const wallet = context.get(authority) ?? {
    lamports: 0n,
    owner: SystemProgram.programId.toBase58(),
    data: new Uint8Array(),
    executable: false,
  };
  context.set(authority, { ...wallet, lamports: wallet.lamports + closed.lamports });
  context.set(address, { ...closed, lamports: 0n, data: new Uint8Array() });
}
