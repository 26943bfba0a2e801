// Schema dump: a migrated database as text, read from Postgres's own catalog: each table with the
// sentence on its rows, its columns, constraints, indexes and triggers; then the functions.
// Everything is sorted by name, not by the migration that made it.
import type { Sql } from '../../src/ledger/database.ts';

type Line = { readonly table: string; readonly line: string };

const HEAD = `-- The schema after all migrations, for reading. \`npm run schema\` writes this file from a migrated
-- database, and test/ledger/schema.test.ts holds the two together. Daemons apply the numbered
-- migrations beside it, never this file.
`;

const sentences = (sql: Sql) => sql<Line[]>`
  select c.relname as table, obj_description(c.oid) as line from pg_class c
  where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by 1`;

const columns = (sql: Sql) => sql<Line[]>`
  select c.relname as table,
    format('%I %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then ' not null' else '' end,
      case when a.attidentity = 'a' then ' generated always as identity'
        when d.adbin is not null then format(' default %s', pg_get_expr(d.adbin, d.adrelid))
        else '' end) as line
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by 1, a.attnum`;

/** Keys first, then references, then checks. `not null` stands with its column. */
const constraints = (sql: Sql) => sql<Line[]>`
  select c.relname as table,
    format('constraint %I %s', k.conname, pg_get_constraintdef(k.oid, true)) as line
  from pg_constraint k join pg_class c on c.oid = k.conrelid
  where c.relnamespace = 'public'::regnamespace and k.contype in ('p', 'u', 'f', 'c')
  order by 1, position(k.contype::text in 'pufc'), k.conname collate "C"`;

/** Indexes that no constraint made. */
const indexes = (sql: Sql) => sql<Line[]>`
  select c.relname as table, pg_get_indexdef(i.indexrelid) || ';' as line
  from pg_index i join pg_class c on c.oid = i.indrelid join pg_class n on n.oid = i.indexrelid
  where c.relnamespace = 'public'::regnamespace
    and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u'))
  order by 1, n.relname collate "C"`;

const triggers = (sql: Sql) => sql<Line[]>`
  select c.relname as table, pg_get_triggerdef(t.oid, true) || ';' as line
  from pg_trigger t join pg_class c on c.oid = t.tgrelid
  where c.relnamespace = 'public'::regnamespace and not t.tgisinternal
  order by 1, t.tgname collate "C"`;

const functions = (sql: Sql) => sql<{ name: string; body: string }[]>`
  select format('%I(%s) returns %s', p.proname, pg_get_function_identity_arguments(p.oid),
      pg_get_function_result(p.oid)) as name,
    p.prosrc as body
  from pg_proc p where p.pronamespace = 'public'::regnamespace order by p.proname collate "C"`;

/**
 * One line of the catalog as the migrations would write it: keywords in lower case outside of
 * quotes, no casts of literals to text, `in (…)` for what Postgres tells as an array.
 */
function plain(line: string): string {
  return line
    .split(/('(?:[^']|'')*')/)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part
            .replaceAll(/\b[A-Z][A-Z_]+\b/g, (word) => word.toLowerCase())
            .replaceAll(/^::text(\[\])?/g, '')
            .replaceAll(/\s+/g, ' ')
            .replaceAll('public.', '')
            .replaceAll(' using btree', '')
            .replaceAll('timestamp with time zone', 'timestamptz'),
    )
    .join('')
    .replaceAll(/= any \(array\[([^\]]*)\]\)/g, 'in ($1)')
    .replaceAll(/<> all \(array\[([^\]]*)\]\)/g, 'not in ($1)');
}
const of = (rows: readonly Line[], table: string): string[] =>
  rows.filter((each) => each.table === table).map((each) => plain(each.line));

/** The whole schema as the text of `sql/schema.sql`. */
export async function dumpSchema(sql: Sql): Promise<string> {
  const [tables, body, rules, keys, guards, code] = await Promise.all([
    sentences(sql),
    columns(sql),
    constraints(sql),
    indexes(sql),
    triggers(sql),
    functions(sql),
  ]);
  const texts = tables.map(({ table, line }) => {
    const lines = [...of(body, table), ...of(rules, table)].map((each) => `  ${each}`);
    const after = [...of(keys, table), ...of(guards, table)];
    return [`-- ${line}`, `create table ${table} (`, lines.join(',\n'), ');', ...after].join('\n');
  });
  const bodies = code.map(
    ({ name, body: source }) => `create function ${name} as $$${source.trimEnd()} $$;`,
  );
  return `${[HEAD, ...texts, ...bodies].join('\n')}\n`.replaceAll(/;\n(--|create f)/g, ';\n\n$1');
}
