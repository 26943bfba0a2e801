// User acts: instructions of Velocity that Drift lacks and that concern one wallet's accounts: a
// delegate who moves deposits, and the permission for it.
import type { Struct } from '../drift/layout.ts';
import { exitLiquidation, isSafe } from '../drift/liquidating.ts';
import { STATUS } from '../drift/order-ends.ts';
import { fail, failAnchor, type Session } from '../drift/session.ts';
import { deposit, moveDeposit } from '../drift/transfers.ts';

/** The bit of a UserStats that allows the delegate of a sub-account to move its deposits. */
const MAY_TRANSFER = 1;

/** update_user_allow_delegate_transfer: lets the delegate move deposits, or forbids it. */
export function updateUserAllowDelegateTransfer(session: Session, args: Struct): void {
  const stats = session.load('UserStats', session.at('userStats'));
  if (stats.authority !== session.at('authority')) failAnchor(session, 2001, 'ConstraintHasOne');
  if (args.allowDelegateTransfer) stats.delegatePermissions |= MAY_TRANSFER;
  else stats.delegatePermissions &= ~MAY_TRANSFER;
}

/** Deposits; an account that has its margin with it again is no longer being liquidated. */
export function depositAndLeave(session: Session, args: Struct): void {
  deposit(session, args);
  const user = session.load('User', session.at('user'));
  const state = session.load('State', session.at('state'));
  if (user.status & STATUS.beingLiquidated && isSafe(session, { user, state }))
    exitLiquidation(user);
}

/** Moves a deposit between two sub-accounts of one wallet that have the signer as delegate. */
export function transferDepositByDelegate(session: Session, args: Struct): void {
  const signer = session.at('authority');
  const stats = session.load('UserStats', session.at('userStats'));
  for (const name of ['fromUser', 'toUser']) {
    const user = session.load('User', session.at(name));
    if (user.delegate !== signer || user.authority !== stats.authority)
      failAnchor(session, 2001, 'ConstraintHasOne');
  }
  if ((stats.delegatePermissions & MAY_TRANSFER) === 0) fail(session, 'DefaultError');
  moveDeposit(session, args, { signer });
}
