// Imports: writes the rows of several subscribers in one transaction, with one statement for each
// table. A row that contradicts the ledger is refused alone; only a conflict that appears while the
// transaction runs fails it as a whole.
import type { Address } from '../core/ids.ts';
import type { Imports, Prepared, PreparedSubscriber, RowOutcome } from '../core/import-ports.ts';
import { DEFAULT_VENUE } from '../core/venue-name.ts';
import { isOfOne, type Sql, type Transaction, toJson } from './database.ts';
import { among } from './groups.ts';
import { importDebts } from './imported-debts.ts';
import { importSubscriptions } from './imported-subscriptions.ts';
import { tellAll } from './outbox.ts';
import { joinAllStandings } from './standings.ts';
import { WATCH_LIST_CHANNEL } from './watch-list.ts';

/** Thrown to undo a dry run; it carries what a real run would have done. */
class Undone extends Error {
  readonly outcomes: RowOutcome[];
  constructor(outcomes: RowOutcome[]) {
    super('a dry run is undone');
    this.outcomes = outcomes;
  }
}

/** The names and addresses of a chunk that the ledger has already, and whose they are. */
type Known = {
  readonly walletOf: ReadonlyMap<string, string>;
  readonly idOf: ReadonlyMap<string, string>;
  readonly retired: ReadonlySet<string>;
  readonly ownerOf: ReadonlyMap<string, string>;
  readonly creators: ReadonlySet<string>;
};

const addressesOf = ({
  agentWallet,
  agentTokenAccount,
  accounts,
}: PreparedSubscriber): string[] => [
  agentWallet,
  agentTokenAccount,
  ...accounts.map((each) => each.address),
];

async function readKnown(tx: Transaction, own: readonly PreparedSubscriber[]): Promise<Known> {
  const names = [...new Set(own.flatMap((each) => [each.row.id, each.agentWallet]))].sort();
  // As in a single registration: the gate accepts an id and a wallet as a name, so registrations
  // with the same id or wallet run one after the other.
  await tx`
    select pg_advisory_xact_lock(hashtextextended('bailiff.name ' || n, 0))
    from (select jsonb_array_elements_text(${tx.json(names)}) as n order by 1) t`;
  // None of them leaves before the commit, so that no key is kept for one that has left.
  const rows = await tx<{ subscriber_id: string; agent_wallet: string; retired: boolean }[]>`
    select subscriber_id, agent_wallet, retired_at is not null as retired from subscriber
    where subscriber_id = ${among(tx, names)} or agent_wallet = ${among(tx, names)}
    order by subscriber_id for no key update`;
  const addresses = own.flatMap(addressesOf);
  const accounts = await tx<{ address: string; subscriber_id: string }[]>`
    select address, subscriber_id from account where address = ${among(tx, addresses)}`;
  const creators = await tx<{ creator_wallet: string }[]>`
    select distinct creator_wallet from terms_recipient where creator_wallet = ${among(tx, addresses)}`;
  return {
    walletOf: new Map(rows.map((row) => [row.subscriber_id, row.agent_wallet])),
    idOf: new Map(rows.map((row) => [row.agent_wallet, row.subscriber_id])),
    retired: new Set(rows.flatMap((row) => (row.retired ? row.subscriber_id : []))),
    ownerOf: new Map(accounts.map((row) => [row.address, row.subscriber_id])),
    creators: new Set(creators.map((row) => row.creator_wallet)),
  };
}

/** Why a subscriber's row cannot be taken; null when it can. */
function problemOf(each: PreparedSubscriber, known: Known): string | null {
  const { id } = each.row;
  const { agentWallet } = each;
  const wallet = known.walletOf.get(id);
  if (wallet !== undefined && wallet !== agentWallet)
    return `Subscriber ${id} is registered with another agent wallet, ${wallet}. Import the new wallet under a new id.`;
  if (known.retired.has(id))
    return `Subscriber ${id} is retired. Register it again with POST /v1/subscribers.`;
  const other = known.idOf.get(agentWallet);
  if (other !== undefined && other !== id)
    return `This agent wallet is registered for subscriber ${other}.`;
  if (known.idOf.has(id) || known.walletOf.has(agentWallet))
    return 'An id may not be the wallet of another subscriber, nor a wallet the id of another. Use another id.';
  const taken = addressesOf(each).find((one) => (known.ownerOf.get(one) ?? id) !== id);
  if (taken !== undefined)
    return `Account ${taken} is watched for subscriber ${known.ownerOf.get(taken)}.`;
  if (known.creators.has(agentWallet))
    return `${agentWallet} is the creator of a subscription here: shares would be paid to an agent wallet.`;
  return null;
}

/** Writes the subscribers' rows. Returns the ids that this import registered, and new accounts. */
async function importSubscribers(
  tx: Transaction,
  prepared: readonly Prepared[],
  outcomes: RowOutcome[],
): Promise<{ created: string[]; newAccounts: Set<string> }> {
  const own = prepared.flatMap((each) => each.subscriber ?? []);
  const known = await readKnown(tx, own);
  const taken = own.filter((each) => {
    const problem = problemOf(each, known);
    if (problem !== null) outcomes.push({ line: each.line, outcome: { problem } });
    return problem === null;
  });
  const created = taken.filter(({ row }) => !known.walletOf.has(row.id));
  await tx`
    insert into subscriber (subscriber_id, agent_wallet, agent_token_account)
    select id, wallet, tokens from jsonb_to_recordset(${tx.json(
      toJson(
        created.map(({ row, agentWallet, agentTokenAccount }) => ({
          id: row.id,
          wallet: agentWallet,
          tokens: agentTokenAccount,
        })),
      ),
    )}) as t(id text, wallet text, tokens text)`;
  const watched = taken.flatMap((each) => {
    const of = { subscriber_id: each.row.id, cursor_slot: each.fromSlot };
    const plain = { sub_account_id: null, venue: null, ...of };
    return [
      { address: each.agentWallet, role: 'agent_wallet', ...plain },
      { address: each.agentTokenAccount, role: 'agent_token_account', ...plain },
      ...each.accounts.map(({ address, subAccountId, venue }) => ({
        address,
        role: 'drift_user',
        ...of,
        sub_account_id: subAccountId,
        venue,
      })),
    ].filter(({ address }) => !known.ownerOf.has(address));
  });
  await tx`
    insert into account (address, subscriber_id, role, sub_account_id, venue, cursor_slot)
    select address, subscriber_id, role, sub_account_id, venue, cursor_slot
    from jsonb_to_recordset(${tx.json(toJson(watched))})
      as t(address text, subscriber_id text, role text, sub_account_id integer, venue text, cursor_slot bigint)`;
  const keys = taken.flatMap(({ row, agentWallet, sealedKey }) => {
    const { agentSigner } = row;
    if (sealedKey === null && agentSigner === undefined) return [];
    const sealed = sealedKey === null ? null : Buffer.from(sealedKey).toString('hex');
    const at = sealed === null ? agentSigner : undefined;
    return [
      {
        id: row.id,
        wallet: agentWallet,
        sealed,
        service: at?.service ?? null,
        name: at?.key ?? null,
      },
    ];
  });
  await tx`
    insert into agent_key (subscriber_id, public_key, sealed, service, service_key)
    select id, wallet, decode(sealed, 'hex'), service, name
    from jsonb_to_recordset(${tx.json(keys)}) as t(id text, wallet text, sealed text, service text, name text)
    on conflict (subscriber_id) do update set public_key = excluded.public_key, sealed = excluded.sealed,
      service = excluded.service, service_key = excluded.service_key`;
  await tellAll(
    tx,
    created.map(({ row, agentWallet }) => ({
      kind: 'subscriber.registered',
      subscriberId: row.id,
      body: { agentWallet },
    })),
  );
  const grown = new Set(watched.map((each) => each.subscriber_id));
  for (const { line, row } of taken)
    outcomes.push({ line, outcome: grown.has(row.id) ? 'new' : 'known' });
  return {
    created: created.map(({ row }) => row.id),
    newAccounts: new Set(watched.map((each) => each.address)),
  };
}

/** Creates the writer of imports. With `observing`, imported debts are booked as observed. */
export function createImports(sql: Sql, observing: boolean): Imports {
  return {
    async apply(prepared, dry) {
      try {
        return await sql.begin(async (tx) => {
          const outcomes: RowOutcome[] = [];
          const { created, newAccounts } = await importSubscribers(tx, prepared, outcomes);
          await importSubscriptions(tx, prepared, newAccounts, outcomes);
          await importDebts(tx, prepared, observing, outcomes);
          if (newAccounts.size > 0) await tx`select pg_notify(${WATCH_LIST_CHANNEL}, '')`;
          // The last step, because it holds the one row of revisions until the commit.
          await joinAllStandings(tx, created);
          if (dry) throw new Undone(outcomes);
          return outcomes;
        });
      } catch (thrown) {
        if (thrown instanceof Undone) return thrown.outcomes;
        throw thrown;
      }
    },
    isOfRow: isOfOne,
    async accountOf(subscriberId, venue, subAccountId) {
      const [row] = await sql<{ address: Address }[]>`
        select address from account where subscriber_id = ${subscriberId} and role = 'drift_user'
          and coalesce(venue, ${DEFAULT_VENUE}) = ${venue} and sub_account_id = ${subAccountId}`;
      return row?.address ?? null;
    },
  };
}
