// Acts: stores who asked for which change, when, and how the request ended.
import type { Acts, CommandAct, LostAct } from '../core/act.ts';
import { Fault } from '../core/fault.ts';
import { at, plannedEach, type Sql, toJson, violates } from './database.ts';
import { array } from './groups.ts';
import { conditionsOf } from './lists.ts';

/**
 * An act that has not ended a minute after it began, or was renewed, was broken off when its daemon
 * stopped. A repetition of the same request takes it over.
 */
const BROKEN_OFF_AFTER_MS = 60_000;

const NONCES_AT_ONCE = 5_000;
const COMMANDS_MOST = 500;
/** The acts among which those of commands are looked for first. */
const LATEST_ACTS = 10_000n;

type Row = {
  act_id: bigint;
  at: Date;
  actor: string;
  key_name: string | null;
  person: string | null;
  what: string;
  asked: unknown;
  status: number | null;
};

/** Creates the acts on record. Their times come from the database's clock. */
export function createActs(sql: Sql): Acts {
  const conditions = conditionsOf(sql);
  const listed = plannedEach(sql);
  return {
    async begin({ actor, person, what, asked, once }) {
      const fingerprint = once === null ? null : Buffer.from(once.fingerprint);
      try {
        return await sql.begin(async (tx) => {
          const [resumed] =
            once === null
              ? []
              : await tx<{ act_id: bigint; nonce: string }[]>`
                  update act set at = now()
                  where actor = ${actor} and idempotency_key = ${once.key} and fingerprint = ${fingerprint} and status is null
                    and at < now() - ${BROKEN_OFF_AFTER_MS} * interval '1 millisecond' returning act_id, nonce`;
          if (resumed !== undefined)
            return { kind: 'begun' as const, id: resumed.act_id, nonce: resumed.nonce };
          const [row] = await tx<{ act_id: bigint; nonce: string }[]>`
            insert into act (at, actor, person, what, asked, idempotency_key, fingerprint)
            values (now(), ${actor}, ${person}, ${what}, ${tx.json(toJson(asked))}, ${once?.key ?? null}, ${fingerprint})
            returning act_id, nonce`;
          if (row === undefined) throw new Error('an inserted act was not returned');
          return { kind: 'begun' as const, id: row.act_id, nonce: row.nonce };
        });
      } catch (thrown) {
        if (once === null || !violates(thrown, 'act_once')) throw thrown;
        const [known] = await sql<
          { fingerprint: Uint8Array; status: number | null; answer: string | null }[]
        >`
          select fingerprint, status, answer from act where actor = ${actor} and idempotency_key = ${once.key}`;
        // The act that held the key was refused in this moment, which freed the key. The caller
        // asks again.
        if (known === undefined) return { kind: 'running' };
        if (Buffer.compare(known.fingerprint, once.fingerprint) !== 0) return { kind: 'other' };
        const { status, answer } = known;
        return status === null
          ? { kind: 'running' }
          : { kind: 'done', status, answer: answer ?? '' };
      }
    },
    async renew(nonces) {
      await sql`update act set at = now() where nonce in ${sql([...nonces])} and status is null`;
    },
    async end({ id, nonce }, status, answer, nowMs) {
      const kept = answer !== null;
      const rows = await sql`
        update act set status = ${status}, ended_at = ${at(nowMs)}, answer = ${answer},
          idempotency_key = case when ${kept} then idempotency_key end, fingerprint = case when ${kept} then fingerprint end
        where act_id = ${id} and nonce = ${nonce} and (status is null or status >= 400 and ${status} < 400)
        returning 1`;
      if (rows.length > 0) return;
      const held = await sql`select 1 from act where act_id = ${id} and nonce = ${nonce}`;
      if (held.length === 0)
        throw new Fault(
          'ledger_unavailable',
          'The database went back in time while this was done, and does not hold it any more. Ask again.',
        );
    },
    async list({ limit, before, ...filter }) {
      const rows = await listed<Row[]>`
        select act_id, at, actor, k.name as key_name, person, what, asked, status
        from act left join api_key k on k.key_id = act.actor
        where ${conditions.acts(filter)} and (${before ?? null}::bigint is null or act_id < ${before ?? null})
        order by act_id desc limit ${limit}`;
      return rows.map((row) => ({
        id: row.act_id,
        atMs: row.at.getTime(),
        actor: row.actor,
        keyName: row.key_name,
        person: row.person,
        what: row.what,
        asked: row.asked,
        status: row.status,
      }));
    },
    async ofCommands(after, open) {
      const [last] = await sql<{ id: bigint | null }[]>`select max(act_id) as id from act`;
      const upTo = last?.id ?? 0n;
      const rows = await sql<(Omit<CommandAct, 'id' | 'atMs'> & { act_id: bigint; at: Date })[]>`
        select act_id, nonce, at, actor, what, asked, status from act
        where actor = 'command' and (act_id = any(${array(sql, open.map(String))}::bigint[])
          or act_id >= ${after ?? upTo - LATEST_ACTS} and (${after !== null}::boolean or at > now() - interval '1 day'))
        order by act_id limit ${COMMANDS_MOST}`;
      const acts = rows.map(({ act_id, at: then, ...act }) => ({
        id: act_id,
        atMs: then.getTime(),
        ...act,
      }));
      return { upTo: rows.length < COMMANDS_MOST ? upTo : (acts.at(-1)?.id ?? upTo), acts };
    },
    async missing(acts) {
      const found = new Map<string, number | null>();
      for (let from = 0; from < acts.length; from += NONCES_AT_ONCE) {
        const asked = acts.slice(from, from + NONCES_AT_ONCE).map((each) => each.nonce);
        const rows = await sql<{ nonce: string; status: number | null }[]>`
          select nonce, status from act where nonce in ${sql(asked)}`;
        for (const { nonce, status } of rows) found.set(nonce, status);
      }
      return acts.flatMap((act): LostAct[] => {
        const status = found.get(act.nonce);
        if (status === undefined) return [{ ...act, kept: 'nothing' }];
        return status === null ? [{ ...act, kept: 'beginning' }] : [];
      });
    },
    async noteLost(acts) {
      for (const { nonce, atMs, actor, what, asked, status, kept } of acts)
        await sql`
          insert into lost_act (nonce, at, actor, what, asked, status, kept)
          values (${nonce}, ${at(atMs)}, ${actor}, ${what}, ${sql.json(toJson(asked))}, ${status}, ${kept})
          on conflict on constraint lost_act_pkey do nothing`;
    },
    async lost(limit) {
      const rows = await sql<(Omit<LostAct, 'atMs'> & { at: Date })[]>`
        select nonce, at, actor, what, asked, status, kept from lost_act
        where reviewed is null order by at, nonce limit ${limit}`;
      return rows.map(({ at: then, ...act }) => ({ ...act, atMs: then.getTime() }));
    },
    async reviewLost(nonce, by) {
      const rows = await sql`
        update lost_act set reviewed = ${sql.json({ ...by })} || jsonb_build_object('at', now())
        where nonce = ${nonce} and reviewed is null returning 1`;
      return rows.length > 0;
    },
    async forgetKeys(keepMs) {
      await sql`
        update act set idempotency_key = null, fingerprint = null, answer = null
        where idempotency_key is not null and at < now() - ${keepMs} * interval '1 millisecond'`;
    },
  };
}
