// Velocity outcomes: what a transaction at Velocity left behind, in a form in which the stand-in
// and the compiled program can be compared: its error, the records that it wrote, and the accounts.
import { PROGRAM } from '../../src/local/velocity/genesis.ts';
import type { VelocityWorld } from '../../src/local/velocity/world.ts';
import { readLogs } from '../../src/venue/logs.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';
import type { Recorded } from './recording.ts';

const { bytes: USER_BYTES } = VELOCITY.profile.accounts.User;
const ORDER = { first: 1064, bytes: 104, count: 32, status: 86, open: 1 };
/**
 * Bytes of a User that are not compared: the slot of its last act, and how many of its orders have
 * an auction. The program counts other acts, and gives a limit order an auction of its own.
 */
const OWN = [
  [4448, 4456],
  [4473, 4475],
] as const;
/** Bytes of an open order that are not compared: its auction, and a part of its slot. */
const OWN_OF_ORDER = [
  [48, 64],
  [96, 98],
] as const;

/** A User without what is not compared. The program leaves an order that ended in its place. */
export function comparableUser(data: Uint8Array): string {
  if (data.length !== USER_BYTES) throw new Error(`a User has ${USER_BYTES} bytes`);
  const bytes = Buffer.from(data);
  for (const [from, to] of OWN) bytes.fill(0, from, to);
  for (let each = 0; each < ORDER.count; each++) {
    const at = ORDER.first + each * ORDER.bytes;
    if (bytes[at + ORDER.status] !== ORDER.open) bytes.fill(0, at, at + ORDER.bytes);
    else for (const [from, to] of OWN_OF_ORDER) bytes.fill(0, at + from, at + to);
  }
  return bytes.toString('hex');
}

/** What a recorded transaction did. Accounts of markets and of the State are left out. */
export const comparable = ({ transaction, users, others }: Recorded) => ({
  error: transaction.error,
  records: (readLogs(VELOCITY.records, transaction.logs, VELOCITY.profile.programId) ?? []).map(
    ({ event }) => event,
  ),
  tokens: transaction.tokenBalances,
  users: users.map(({ address, after }) => [address, comparableUser(after)]),
  stats: others
    .filter(({ after }) => after.length === VELOCITY.profile.accounts.UserStats.bytes)
    .map(({ address, after }) => [address, Buffer.from(after).toString('hex')]),
});

/** Every User of a world, by address. */
export const usersOf = ({ cluster }: VelocityWorld): [string, string][] =>
  cluster.bank
    .owned(PROGRAM.toBase58())
    .filter(({ account }) => account.data.length === USER_BYTES)
    .map(({ address, account }): [string, string] => [address, comparableUser(account.data)])
    .sort(([a], [b]) => (a < b ? -1 : 1));
