// Rights: finds which rights on the ledger's tables the role of DATABASE_URL lacks. A daemon that
// lacks one would fail only at the first row that needs it, so it does not start.
import { Fault } from '../core/fault.ts';
import type { Sql } from './database.ts';

/** A table, and the rights on it that the role lacks, such as `insert and update`. */
export type Lacking = { readonly table: string; readonly rights: string };

/**
 * The tables on which the role lacks `select`, `insert`, `update` or `delete`. Empty for the owner
 * of the tables. The database must be migrated.
 */
export async function lackingRights(sql: Sql): Promise<readonly Lacking[]> {
  return sql<Lacking[]>`
    select c.relname as table, string_agg(r.name, ' and ' order by r.place) as rights
    from pg_class c
    cross join unnest(array['select', 'insert', 'update', 'delete'])
      with ordinality r(name, place)
    where c.relkind = 'r'
      and c.relnamespace = (select relnamespace from pg_class where oid = to_regclass('migration'))
      and not has_table_privilege(c.oid, r.name)
    group by c.relname order by c.relname`;
}

/** The rights in words, such as `insert on payment, select and update on fact`. */
export const rightsText = (lacking: readonly Lacking[]): string =>
  lacking.map(({ table, rights }) => `${rights} on ${table}`).join(', ');

/** Throws `ledger_unavailable` when the role lacks a right on a table. */
export async function requireRights(sql: Sql): Promise<void> {
  const lacking = await lackingRights(sql);
  if (lacking.length > 0)
    throw new Fault(
      'ledger_unavailable',
      `The user of DATABASE_URL lacks rights on the tables: ${rightsText(lacking)}. Grant them, or let it own the database.`,
    );
}
