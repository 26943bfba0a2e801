// Hearing: subscribers, accounts, rumours and facts, in memory.
import { isDeepStrictEqual } from 'node:util';
import { Fault } from '../../../src/core/fault.ts';
import type { Sightings, WatchList } from '../../../src/core/hearing-ports.ts';
import type { Subscribers, Subscriptions } from '../../../src/core/ports.ts';
import { takeReading } from '../../../src/core/reading.ts';
import { sameTerms } from '../../../src/core/terms.ts';
import { factKey, type State } from './state.ts';

const WATCH_LIST_AGE_MS = 15_000;

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
        const row = { ...each, subscriberId: id, cursorSlot: given.fromSlot, watchedAtMs: 0 };
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
        .map(({ address, subAccountId }) => ({ address, subAccountId: subAccountId ?? 0 }))
        .sort((a, b) => a.subAccountId - b.subAccountId);
      return { ...found, driftAccounts, hasKey: state.keys.has(id), retiredAtMs: null };
    },
    list: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    retire: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    dropKey: async (id) => state.keys.delete(id),
    ids: async () => [...state.subscribers.keys()].sort(),
    sealedKey: async (id) => state.keys.get(id) ?? null,
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

export function createMemoryWatchList(state: State): WatchList {
  return {
    all: async (of) =>
      [...state.accounts.values()]
        .filter((each) => of === undefined || each.subscriberId === of)
        .map(({ address, subscriberId, role }) => ({ address, subscriberId, role })),
    ofSubscriber: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    cursors: async (addresses) =>
      [...state.accounts.values()]
        .filter((each) => addresses === undefined || addresses.includes(each.address))
        .sort((a, b) => a.cursorSlot - b.cursorSlot)
        .map(({ address, cursorSlot, watchedAtMs }) => ({
          address,
          slot: cursorSlot,
          watchedAtMs,
        })),
    async advance(address, slot) {
      const row = state.accounts.get(address);
      if (row !== undefined && row.cursorSlot < slot) row.cursorSlot = slot;
    },
    async adopt({ address, subscriberId, subAccountId, fromSlot, nowMs }) {
      if (state.accounts.has(address)) return false;
      state.accounts.set(address, {
        address,
        subscriberId,
        role: 'drift_user',
        subAccountId,
        cursorSlot: fromSlot,
        watchedAtMs: nowMs,
      });
      return true;
    },
  };
}

const oldest = (rows: readonly { firstSeenMs: number }[]): number | null =>
  rows.length === 0 ? null : Math.min(...rows.map((each) => each.firstSeenMs));

export function createMemorySightings(state: State): Sightings {
  const open = () =>
    [...state.sightings.values()].filter((each) => ['wanted', 'confirmed'].includes(each.status));
  return {
    async note(rumours, source, nowMs, watchedSinceMs) {
      for (const { signature, blockIndex } of rumours) {
        const known = state.sightings.get(signature);
        if (known === undefined) {
          state.sightings.set(signature, {
            signature,
            blockIndex,
            source,
            status: 'wanted',
            final: false,
            slot: null,
            attempts: 0,
            firstSeenMs: nowMs,
            dueMs: nowMs,
            settledMs: null,
          });
          continue;
        }
        known.blockIndex ??= blockIndex;
        if (known.status === 'finalized') known.final = true;
        const readBefore =
          watchedSinceMs !== undefined &&
          known.settledMs !== null &&
          known.settledMs < watchedSinceMs + WATCH_LIST_AGE_MS;
        if (readBefore || known.status === 'dropped' || known.status === 'unfound') {
          known.status = 'wanted';
          known.dueMs = nowMs;
          if (readBefore) known.settledMs = null;
        }
      }
    },
    async claim(nowMs, leaseMs, limit) {
      const due = open()
        .filter((each) => each.dueMs <= nowMs)
        .sort((a, b) => a.dueMs - b.dueMs || (a.signature < b.signature ? -1 : 1))
        .slice(0, limit);
      return due.map((row) => {
        row.dueMs = nowMs + leaseMs;
        row.attempts++;
        const { signature, slot, blockIndex, final, attempts, firstSeenMs } = row;
        const status = row.status as 'wanted' | 'confirmed';
        return { signature, status, slot, blockIndex, final, attempts, firstSeenMs };
      });
    },
    async postpone(signature, dueMs) {
      const row = state.sightings.get(signature);
      if (row?.status === 'wanted' || row?.status === 'confirmed') row.dueMs = dueMs;
    },
    async giveUp(signature) {
      const row = state.sightings.get(signature);
      if (row?.status === 'wanted') row.status = 'unfound';
    },
    async settle({ signature, slot, finality, facts, dueMs, nowMs, insist }) {
      const row = state.sightings.get(signature);
      const known = [...state.facts.values()]
        .filter((each) => each.fact.signature === signature)
        .map((each) => ({ fact: each.fact, finality: each.finality }));
      const isFinal = row?.status === 'finalized' || (row?.final ?? false);
      const taking = takeReading(
        known,
        { slot, finality, facts },
        { isFinal, insist: insist ?? false },
      );
      if (taking.outcome === 'superseded' && row !== undefined) row.final = true;
      if (taking.outcome !== 'settled') return { outcome: taking.outcome, changed: [] };
      const changed = new Set<string>();
      for (const fact of taking.withdraw) {
        const own = state.facts.get(factKey(fact));
        if (own !== undefined) own.finality = 'withdrawn';
        changed.add(fact.subscriberId);
      }
      for (const fact of taking.put) {
        const own = state.facts.get(factKey(fact));
        const { blockIndex } = fact.position;
        if (own === undefined) {
          state.facts.set(factKey(fact), { fact, blockIndex, finality });
          changed.add(fact.subscriberId);
          continue;
        }
        const final = own.finality === 'finalized';
        const same = own.finality === finality && isDeepStrictEqual(own.fact.body, fact.body);
        if ((final || same) && !(own.blockIndex === null && blockIndex !== null)) continue;
        if (!final) {
          own.finality = finality;
          own.fact = fact;
        }
        own.blockIndex = final ? (own.blockIndex ?? blockIndex) : (blockIndex ?? own.blockIndex);
        changed.add(fact.subscriberId);
      }
      if (row !== undefined && finality === 'finalized') row.final = true;
      if (row !== undefined && row.status !== 'finalized')
        Object.assign(row, { status: finality, slot, dueMs, settledMs: nowMs });
      return { outcome: 'settled', changed: [...changed] };
    },
    async drop(signature) {
      const changed = new Set<string>();
      for (const row of state.facts.values()) {
        if (row.fact.signature !== signature || row.finality !== 'confirmed') continue;
        row.finality = 'withdrawn';
        changed.add(row.fact.subscriberId);
      }
      const row = state.sightings.get(signature);
      if (row !== undefined && row.status !== 'finalized') row.status = 'dropped';
      return [...changed];
    },
    async backlog() {
      const rows = open();
      return {
        wanted: rows.filter((each) => each.status === 'wanted').length,
        confirmed: rows.filter((each) => each.status === 'confirmed').length,
        oldestMs: oldest(rows),
        unreadSinceMs: oldest(
          rows.filter((each) => each.status === 'wanted' && each.attempts === 0),
        ),
      };
    },
    lastHeard: async () => ({ webhookMs: null, otherMs: null }),
  };
}
