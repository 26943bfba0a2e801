// Acts: who asked for what to be changed, and what came of it.
import type { Acts } from '../core/act.ts';
import { at, type Sql, toJson, violates } from './database.ts';
import { conditionsOf } from './lists.ts';

/** An act that has not ended for so long was broken off with its daemon; the same request goes on with it. */
const BROKEN_OFF_AFTER_MS = 60_000;

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

export function createActs(sql: Sql): Acts {
  const conditions = conditionsOf(sql);
  return {
    async begin({ actor, person, what, asked, once }) {
      const fingerprint = once === null ? null : Buffer.from(once.fingerprint);
      try {
        return await sql.begin(async (tx) => {
          const [resumed] =
            once === null
              ? []
              : await tx<{ act_id: bigint }[]>`
                  update act set at = now()
                  where actor = ${actor} and idempotency_key = ${once.key} and fingerprint = ${fingerprint} and status is null
                    and at < now() - ${BROKEN_OFF_AFTER_MS} * interval '1 millisecond' returning act_id`;
          if (resumed !== undefined) return { kind: 'begun' as const, id: resumed.act_id };
          const [row] = await tx<{ act_id: bigint }[]>`
            insert into act (at, actor, person, what, asked, idempotency_key, fingerprint)
            values (now(), ${actor}, ${person}, ${what}, ${tx.json(toJson(asked))}, ${once?.key ?? null}, ${fingerprint})
            returning act_id`;
          return { kind: 'begun' as const, id: row?.act_id ?? 0n };
        });
      } catch (thrown) {
        if (once === null || !violates(thrown, 'act_once')) throw thrown;
        const [known] = await sql<
          { fingerprint: Uint8Array; status: number | null; answer: string | null }[]
        >`
          select fingerprint, status, answer from act where actor = ${actor} and idempotency_key = ${once.key}`;
        // It was refused this very moment, and its key is free again.
        if (known === undefined) return { kind: 'running' };
        if (Buffer.compare(known.fingerprint, once.fingerprint) !== 0) return { kind: 'other' };
        const { status, answer } = known;
        return status === null
          ? { kind: 'running' }
          : { kind: 'done', status, answer: answer ?? '' };
      }
    },
    async end(id, status, answer, nowMs) {
      const kept = answer !== null;
      await sql`
        update act set status = ${status}, ended_at = ${at(nowMs)}, answer = ${answer},
          idempotency_key = case when ${kept} then idempotency_key end, fingerprint = case when ${kept} then fingerprint end
        where act_id = ${id}`;
    },
    async list({ limit, before, ...filter }) {
      const rows = await sql<Row[]>`
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
    async forgetKeys(keepMs) {
      await sql`
        update act set idempotency_key = null, fingerprint = null, answer = null
        where idempotency_key is not null and at < now() - ${keepMs} * interval '1 millisecond'`;
    },
  };
}
