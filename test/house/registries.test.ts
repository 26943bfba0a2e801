// Registries: a closed list of words is declared once, in src/core. The database's checks hold
// exactly those words, and the API, the settings and the ledger write no such list a second time.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CLEARANCE_PURPOSES } from '../../src/core/clearance.ts';
import { EVENT_DELIVERY_STATES } from '../../src/core/endpoint.ts';
import { FACT_KINDS, FINALITIES } from '../../src/core/fact.ts';
import { NETWORKS } from '../../src/core/genesis.ts';
import { ASIDE_KINDS } from '../../src/core/hearing-ports.ts';
import { OPEN_AT_START } from '../../src/core/held.ts';
import { FEE_PAYERS, PAYMENT_PURPOSES, PAYMENT_STATES } from '../../src/core/payment.ts';
import { ROSTER_STANDINGS } from '../../src/core/roster-entry.ts';
import { SIGNER_SERVICES } from '../../src/core/service-key.ts';
import { SHARE_STATUSES } from '../../src/core/share.ts';
import { NAMED_BY } from '../../src/core/source.ts';
import { STATEMENTS_OF } from '../../src/core/statement.ts';
import { BASES, PROFITS } from '../../src/core/terms.ts';
import { WATCH_ROLES } from '../../src/core/watch-ports.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** The words of each check of the schema that allows a closed list in a column. */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  account_role_check: WATCH_ROLES,
  accrual_basis_check: BASES,
  accrual_profit: PROFITS,
  agent_key_service_known: SIGNER_SERVICES,
  // ADR 51: the migration that knew devnet is released.
  chain_identity_network_known: [...NETWORKS, 'devnet'],
  clearance_purpose_check: CLEARANCE_PURPOSES,
  event_delivery_state_check: EVENT_DELIVERY_STATES,
  fact_finality_check: FINALITIES,
  fact_kind_check: FACT_KINDS,
  payment_fee_payer_check: FEE_PAYERS,
  payment_purpose_check: PAYMENT_PURPOSES,
  payment_state_check: PAYMENT_STATES,
  profit_share_status_check: SHARE_STATUSES,
  set_aside_kind_known: ASIDE_KINDS,
  standing_standing_check: ROSTER_STANDINGS,
  statement_revocation_kind: STATEMENTS_OF,
  subscription_open_at_start_check: OPEN_AT_START,
  subscription_terms_basis_check: BASES,
  subscription_terms_profit: PROFITS,
  // Words of unions whose members the compiler checks, or of the ledger alone.
  creator_vault_evidence_check: ['existence', 'derivation'],
  delivery_packing_check: ['none', 'zstd'],
  lost_act_kept_known: ['nothing', 'beginning'],
  payment_variant_purpose_check: ['payment', 'cancel'],
  root_memo_outcome_check: ['landed', 'failed', 'expired', 'contradicted'],
  sighting_account_ended_by_known: ['state', 'balances', 'person'],
  sighting_source_known: NAMED_BY,
  sighting_status_check: ['wanted', 'confirmed', 'finalized', 'dropped', 'unfound'],
  venue_program_vouched_by_known: ['proven', 'accepted'],
};

const wordsIn = (text: string): string[] =>
  [...text.matchAll(/'([^'\n]+)'/g)].map(([, word = '']) => word);
const keyOf = (words: readonly string[]): string => [...new Set(words)].sort().join(' ');

describe('checks of the database', () => {
  const schema = read('sql/schema.sql');
  const found = new Map(
    [...schema.matchAll(/constraint (\w+) check \((?:\([^()]+\)|\w+) in \(([^()]+)\)\)/g)].map(
      ([, name = '', list = '']) => [name, keyOf(wordsIn(list))] as const,
    ),
  );

  test('each that allows a closed list is in the table above', () => {
    expect([...found.keys()].sort()).toEqual(Object.keys(CHECKS).sort());
  });

  test.each(Object.entries(CHECKS))('%s allows the words of its registry', (name, words) => {
    expect(found.get(name)).toBe(keyOf(words));
  });

  test('the charged profit is computed for every basis and profit, and for no other', () => {
    const charged = /constraint accrual_charged check (.*)/.exec(schema)?.[1] ?? '';
    for (const basis of BASES)
      for (const profit of PROFITS)
        expect(charged).toContain(`profit = '${profit}' and basis = '${basis}'`);
    expect(charged.match(/ when /g)).toHaveLength(BASES.length * PROFITS.length);
    expect(charged).toContain('else false');
  });
});

describe('lists of words', () => {
  const withoutComments = (text: string): string => text.replace(/^\s*(?:\/\/|\/?\*).*$/gm, '');
  const registries = new Map(
    globSync('src/core/*.ts', { cwd: ROOT }).flatMap((file) =>
      [
        ...withoutComments(read(file)).matchAll(/export const ([A-Z_]+)[^=;]*= (\[[^\]]*\]) as/g),
      ].map(([, name = '', list = '']) => [keyOf(wordsIn(list)), `${name} of ${file}`] as const),
    ),
  );
  // Fields of facts, not words of a value.
  const FIELDS = ['realised', 'funding', 'deposits', 'withdraws', 'tokens'];

  test('core declares them', () => expect(registries.size).toBeGreaterThan(30));

  test.each(globSync('src/{http,system,ledger,cli,gate-client}/**/*.ts', { cwd: ROOT }))(
    '%s writes no list of core a second time',
    (file) => {
      const text = withoutComments(read(file));
      const lists = [
        ...text.matchAll(/\[\s*(?:'[^'\n]+',?\s*){2,}\]/g),
        ...text.matchAll(/(?:'[\w.-]+'\s*\|\s*)+'[\w.-]+'/g),
      ].map(([list]) => keyOf(wordsIn(list)));
      const again = lists.filter((key) => key !== keyOf(FIELDS) && registries.has(key));
      expect(again.map((key) => `${key}: import ${registries.get(key)}`)).toEqual([]);
    },
  );
});
