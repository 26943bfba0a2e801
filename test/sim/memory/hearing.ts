// Hearing: subscribers, accounts, rumours and facts, in memory.

import { Fault } from '../../../src/core/fault.ts';
import type { Sightings } from '../../../src/core/hearing-ports.ts';
import type { Address } from '../../../src/core/ids.ts';
import type { Reckoned } from '../../../src/core/late-facts.ts';
import { firstNamed, namedAgain } from '../../../src/core/naming.ts';
import type { Subscribers, Subscriptions } from '../../../src/core/ports.ts';
import { recordedOver, takeReading } from '../../../src/core/reading.ts';
import { sameTerms } from '../../../src/core/terms.ts';
import { DEFAULT_VENUE } from '../../../src/core/venue-name.ts';
import { factKey, type SightingRow, type State } from './state.ts';

/** The reckonings on record. */
const reckoningsIn = (state: State): Reckoned[] =>
  [...state.facts.values()].flatMap(({ fact: { subscriberId, account, position, body } }) =>
    body.kind === 'reckoning' ? [{ ...body, subscriberId, account, slot: position.slot }] : [],
  );

export function createMemorySubscribers(state: State): Subscribers {
  return {
    async register(given) {
      const known = state.subscribers.get(given.id);
      if (known !== undefined && known.agentWallet !== given.agentWallet)
        throw new Fault('conflict', 'another agent wallet');
      const { id, agentWallet, agentTokenAccount } = given;
      state.subscribers.set(id, { id, agentWallet, agentTokenAccount });
      const accounts = [
        { address: agentWallet, role: 'agent_wallet' as const, subAccountId: null },
        { address: agentTokenAccount, role: 'agent_token_account' as const, subAccountId: null },
        ...given.driftAccounts.map((each) => ({ ...each, role: 'drift_user' as const })),
      ];
      for (const each of accounts) {
        if (state.accounts.has(each.address)) continue;
        const listedRevision = ++state.listRevision;
        const row = {
          ...each,
          subscriberId: id,
          cursorSlot: given.fromSlot,
          walked: null,
          listedRevision,
        };
        state.accounts.set(each.address, row);
      }
      const { sealedKey } = given;
      if (sealedKey !== null)
        state.keys.set(id, { subscriberId: id, publicKey: agentWallet, sealed: sealedKey });
      if (!state.standings.has(id)) {
        state.standings.set(id, {
          subscriberId: id,
          agentWallet,
          standing: 'good',
          outstanding: 0n,
          owed: [],
          owedSinceMs: null,
          reason: null,
          evidence: null,
          revision: ++state.revision,
        });
      }
      return known === undefined ? 'created' : 'known';
    },
    async find(id) {
      const found = state.subscribers.get(id);
      if (found === undefined) return null;
      const driftAccounts = [...state.accounts.values()]
        .filter((each) => each.subscriberId === id && each.role === 'drift_user')
        .map(({ address, subAccountId, venue = DEFAULT_VENUE }) => ({
          address,
          venue,
          subAccountId: subAccountId ?? 0,
        }))
        .sort((a, b) => a.subAccountId - b.subAccountId);
      return { ...found, driftAccounts, hasKey: state.keys.has(id), retiredAtMs: null };
    },
    list: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    retire: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    dropKey: async (id) => state.keys.delete(id),
    ids: async () => [...state.subscribers.keys()].sort(),
    sealedKeys: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    remoteKeys: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    agentKey: async (id) => state.keys.get(id) ?? null,
    replaceKey: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    async putKey(key) {
      state.keys.set(key.subscriberId, key);
    },
  };
}

export function createMemorySubscriptions(state: State): Subscriptions {
  return {
    async put({ id, subscriberId, driftAccount, terms, held, basedOn }) {
      const known = state.subscriptions.get(id) ?? {
        id,
        subscriberId,
        driftAccount,
        terms: [],
        held,
        tabs: {},
      };
      const latest = known.terms.at(-1);
      if (basedOn !== undefined && basedOn !== (latest?.fromSlot ?? null)) return null;
      if (latest !== undefined && sameTerms(latest, terms)) return { ...known };
      state.subscriptions.set(id, { ...known, terms: [...known.terms, terms] });
      return { ...known, terms: [...known.terms, terms] };
    },
    find: async (id) => state.subscriptions.get(id) ?? null,
    ofSubscriber: async (subscriberId) =>
      [...state.subscriptions.values()].filter((each) => each.subscriberId === subscriberId),
  };
}

export function createMemorySightings(state: State): Sightings {
  const open = () =>
    [...state.sightings.values()].filter((each) => ['wanted', 'confirmed'].includes(each.status));
  return {
    async note(rumours, naming) {
      for (const rumour of rumours) {
        const { signature, accounts } = rumour;
        const known = state.sightings.get(signature);
        if (known === undefined) {
          const named = firstNamed(rumour, naming, naming.nowMs);
          state.sightings.set(signature, {
            signature,
            source: naming.source,
            ...named,
            accounts: new Set(accounts),
            final: false,
            slot: null,
          });
          continue;
        }
        if (known.status === 'finalized') known.final = true;
        Object.assign(known, namedAgain(known, rumour, naming, naming.nowMs));
        if (known.status === 'wanted' || known.status === 'confirmed')
          for (const account of accounts) known.accounts.add(account);
      }
    },
    async claim(nowMs, leaseMs, limit) {
      const inTurn = (ranks: readonly number[]) =>
        open()
          .filter((each) => each.dueMs <= nowMs && ranks.includes(each.rank))
          .sort(
            (a, b) => a.rank - b.rank || a.dueMs - b.dueMs || (a.signature < b.signature ? -1 : 1),
          );
      const [named, rumoured] = [inTurn([0, 1]), inTurn([2])];
      const due: SightingRow[] = [];
      for (let nth = 0; nth < Math.max(named.length, rumoured.length); nth++)
        due.push(...[named[nth], rumoured[nth]].filter((each) => each !== undefined));
      return due
        .slice(0, limit)
        .sort((a, b) => a.rank - b.rank || a.wantedMs - b.wantedMs)
        .map((row) => {
          const putOffMs = row.attempts > 0 ? 0 : Math.max(0, row.dueMs - row.wantedMs);
          row.dueMs = nowMs + leaseMs;
          row.attempts++;
          return {
            signature: row.signature,
            status: row.status as 'wanted' | 'confirmed',
            slot: row.slot,
            namedSlot: row.namedSlot,
            named: row.namedFinal ? 'finalized' : row.rank < 2 ? 'confirmed' : 'rumour',
            blockIndex: row.blockIndex,
            final: row.final,
            source: row.source,
            accounts: [...row.accounts],
            attempts: row.attempts,
            putOffMs,
            ended: false,
            wantedMs: row.wantedMs,
            absentMs: row.absentMs,
          };
        });
    },
    async postpone(signature, dueMs, absentMs) {
      const row = state.sightings.get(signature);
      if (row?.status !== 'wanted' && row?.status !== 'confirmed') return;
      row.dueMs = dueMs;
      if (absentMs !== undefined) row.absentMs ??= absentMs;
    },
    async becameFinal(slot, nowMs) {
      for (const row of state.sightings.values())
        if (row.status === 'confirmed' && row.attempts === 0 && (row.slot ?? slot + 1) <= slot)
          row.dueMs = Math.min(row.dueMs, nowMs);
    },
    async giveUp(signature) {
      const row = state.sightings.get(signature);
      if (row === undefined || row.rank < 2) return;
      const told = [...state.facts.values()].some(
        (each) => each.fact.signature === signature && each.finality !== 'withdrawn',
      );
      const isStrangers =
        row.status === 'confirmed' && !row.final && row.accounts.size === 0 && !told;
      if (row.status !== 'wanted' && !isStrangers) return;
      row.status = 'unfound';
      row.accounts.clear();
    },
    async record({ signature, slot, finality, facts, dueMs, insist, readWith }) {
      const row = state.sightings.get(signature);
      if (row === undefined) return { outcome: 'unnoted', changed: [] };
      const listRevision = readWith?.listRevision ?? state.listRevision;
      const stale = (readWith?.touching ?? []).some(
        (each) => (state.accounts.get(each as Address)?.listedRevision ?? 0) > listRevision,
      );
      if (stale) return { outcome: 'stale', changed: [] };
      const known = [...state.facts.values()]
        .filter((each) => each.fact.signature === signature)
        .map((each) => ({ fact: each.fact, finality: each.finality }));
      const isFinal = row.status === 'finalized' || row.final;
      const taking = takeReading(
        known,
        { slot, finality, facts },
        { isFinal, insist: insist ?? false, reckonings: reckoningsIn(state) },
      );
      if (taking.outcome === 'superseded') row.final = true;
      if (taking.outcome !== 'recorded') return { outcome: taking.outcome, changed: [] };
      const changed = new Set<string>();
      for (const fact of taking.withdraw) {
        const own = state.facts.get(factKey(fact));
        if (own !== undefined) own.finality = 'withdrawn';
        changed.add(fact.subscriberId);
      }
      for (const fact of taking.put) {
        const own = state.facts.get(factKey(fact));
        const next = recordedOver(own ?? null, { fact, finality });
        if (next === null) continue;
        state.facts.set(factKey(fact), { ...next, blockIndex: next.fact.position.blockIndex });
        changed.add(fact.subscriberId);
      }
      if (finality === 'finalized') {
        row.final = true;
        row.accounts.clear();
      }
      if (row.status !== 'finalized')
        Object.assign(row, {
          status: finality,
          slot,
          dueMs,
          readRevision: listRevision,
          attempts: 0,
          absentMs: null,
        });
      return {
        outcome: 'recorded',
        changed: [...changed],
        ...(taking.late === undefined ? {} : { late: taking.late }),
      };
    },
    async drop(signature) {
      const known = state.sightings.get(signature);
      if (known?.namedFinal === true || known?.final === true) return [];
      const changed = new Set<string>();
      for (const row of state.facts.values()) {
        if (row.fact.signature !== signature || row.finality !== 'confirmed') continue;
        row.finality = 'withdrawn';
        changed.add(row.fact.subscriberId);
      }
      const row = state.sightings.get(signature);
      row?.accounts.clear();
      if (row !== undefined && row.status !== 'finalized') row.status = 'dropped';
      return [...changed];
    },
    async backlog() {
      const rows = open();
      return {
        wanted: rows.filter((each) => each.status === 'wanted').length,
        confirmed: rows.filter((each) => each.status === 'confirmed').length,
        oldestMs: rows.length === 0 ? null : Math.min(...rows.map((each) => each.wantedMs)),
      };
    },
    async accountsOf(signature) {
      const facts = [...state.facts.values()].filter(
        (each) => each.fact.signature === signature && each.finality !== 'withdrawn',
      );
      return [
        ...new Set([
          ...(state.sightings.get(signature)?.accounts ?? []),
          ...facts.map((each) => each.fact.account),
        ]),
      ];
    },
    unread: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    unreadAmong: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    lastHeard: async () => ({ webhookMs: null, otherMs: null }),
  };
}
