// Peer: the same weather, crashes and closes, settled by the rules of QuantumVault's code as it was
// read: a time-out is a failure and leaves no signature; an IOU is written only then, and the retry
// only transfers; a claim has no condition; a stale row goes back to pending unseen; every instance
// runs its own timer; fifty tries or a week void a debt; dust is dropped. It shows why these laws
// exist. `npm run sim -- --peer --seeds 1000`
import type { Address } from '../../src/core/ids.ts';
import { ACTS } from './acts.ts';
import { TOKEN } from './chain/account.ts';
import { createSimChain } from './chain/chain.ts';
import { made, type SimTransaction } from './chain/message.ts';
import { METHODS, soundNode } from './chain/node.ts';
import { storm } from './climate.ts';
import { createPeople } from './people.ts';
import { createProvider, FAIR, type Weather } from './provider.ts';
import { createRandom } from './random.ts';
import { closesOf } from './truth.ts';
import { createTurns } from './turns.ts';
import {
  creatorTokens,
  furnish,
  PEOPLE,
  type Person,
  SHARE_BPS,
  SPONSOR,
  subscriptionOf,
} from './world.ts';

export type PeerOutcome = {
  readonly debts: number;
  readonly owed: bigint;
  /** Debts that were paid more than once, and what went out beyond what was owed. */
  readonly doubled: number;
  readonly overpaid: bigint;
  /** Debts that will never be paid, and their sum. */
  readonly lost: number;
  readonly unpaid: bigint;
};

const shareOf = (netPnl: bigint): bigint => (netPnl * BigInt(SHARE_BPS)) / 10_000n;

type Iou = {
  id: string;
  person: Person;
  user: string;
  amount: bigint;
  status: string;
  tries: number;
  atMs: number;
};

const DUST = 10_000n;
const CONFIRM_MS = 60_000;
const RETRY_MS = 30_000;
const STALE_MS = 60_000;
const TRIES_MOST = 50;
const STEPS = 600;
const FAIR_STEPS = 400;

/** Hardly a cloud: now and then an error, a send that is lost or late, a node a little behind. */
const MILD: Weather = { error: 0.01, lost: 0.02, denied: 0.02, delayed: 0.1, lag: 0.1, lie: 0 };

/** The result of a look; the peer takes an error for a failure. */
type Seen = { readonly error: unknown } | null;

export async function simulatePeer(seed: number, mild = false): Promise<PeerOutcome> {
  const random = createRandom(seed);
  const turns = createTurns(random);
  const chain = createSimChain(random);
  furnish(chain);
  const people = createPeople(chain, random);
  let weather = mild ? MILD : storm(random);
  if (mild) people.fund();
  const node = soundNode(chain);
  const provider = createProvider({
    nodes: [node],
    chain,
    random,
    weather: () => weather,
    batches: false,
  });
  const ious = new Map<string, Iou>();
  let nonce = 0;
  let lastProcess = 0;

  const look = (signature: string): Seen => {
    if (random.chance(weather.error)) throw new Error('weather');
    const lag = random.chance(weather.lag) ? 1 + random.below(4) : 0;
    const answer = METHODS.getSignatureStatuses?.({ ...node, lag }, [[signature]]) as {
      value: ({ err: unknown } | null)[];
    };
    const [status] = answer.value;
    return status ? { error: status.err } : null;
  };
  /**
   * Sends and waits, as sendAndConfirm does: every error is a failure, and the signature is
   * forgotten.
   */
  const transact = async (
    process: number,
    person: Person,
    instructions: SimTransaction['instructions'],
    memo: string,
  ): Promise<boolean> => {
    await turns.park(process);
    const transaction: SimTransaction = {
      ...made(nonce++, [SPONSOR, person.agent], [...instructions, ...ACTS.memo(`peer:${memo}`)]),
      blockhash: chain.block(chain.tip()).hash,
    };
    sent.set(transaction.signature, memo);
    try {
      provider.send(transaction);
      const untilMs = turns.nowMs() + CONFIRM_MS;
      while (turns.nowMs() < untilMs) {
        await turns.park(process, 400);
        const found = look(transaction.signature);
        if (found !== null) return found.error === null;
      }
      return false;
    } catch {
      return false;
    }
  };
  /** The debt that each signature paid for. */
  const sent = new Map<string, string>();
  const payingFor = (person: Person, user: string, amount: bigint) => {
    const sub = person.users.indexOf(user as Address);
    const { creatorWallet } = subscriptionOf(PEOPLE.indexOf(person), sub);
    return {
      withdraw: ACTS.withdraw(person, user, amount, person.agentTokens),
      transfer: ACTS.sendTokens(
        person.agentTokens,
        creatorTokens(creatorWallet),
        person.agent,
        amount,
      ),
    };
  };
  const transfer = (process: number, iou: Pick<Iou, 'id' | 'person' | 'user' | 'amount'>) =>
    transact(process, iou.person, payingFor(iou.person, iou.user, iou.amount).transfer, iou.id);
  const onClose = async (
    process: number,
    owing: Pick<Iou, 'id' | 'person' | 'user' | 'amount'>,
  ) => {
    const { withdraw } = payingFor(owing.person, owing.user, owing.amount);
    const withdrawn = await transact(process, owing.person, withdraw, '');
    if (withdrawn && (await transfer(process, owing))) return;
    ious.set(owing.id, { ...owing, status: 'pending', tries: 0, atMs: turns.nowMs() });
  };
  const retryAll = async (process: number): Promise<void> => {
    const pending = [...ious.values()].filter((each) => each.status === 'pending');
    for (const iou of pending) {
      if (iou.tries >= TRIES_MOST) {
        iou.status = 'voided';
        continue;
      }
      Object.assign(iou, { status: 'processing', atMs: turns.nowMs() });
      const paid = await transfer(process, iou);
      iou.status = paid ? 'paid' : 'pending';
      iou.tries++;
    }
  };
  const resetStale = (): void => {
    for (const iou of ious.values())
      if (iou.status === 'processing' && turns.nowMs() - iou.atMs > STALE_MS)
        iou.status = 'pending';
  };
  const open = () => ({ process: ++lastProcess, nextMs: turns.nowMs() + RETRY_MS });
  const processes = Array.from({ length: 1 + random.below(3) }, open);
  const seen = new Set<string>();
  /** Closes that made a debt worth a payment. */
  const owing = () =>
    chain.landed().flatMap((landed) =>
      closesOf(landed).flatMap(({ user, netPnl }) => {
        const person = PEOPLE.find((each) => each.users.some((own) => own === user));
        const amount = shareOf(netPnl);
        if (person === undefined || amount < DUST) return [];
        return [{ id: landed.transaction.signature, person, user, amount }];
      }),
    );
  const tick = async (): Promise<void> => {
    for (let blocks = 1 + random.below(10); blocks > 0; blocks--) {
      chain.tick();
      turns.pass(400);
    }
    for (const each of processes) {
      if (turns.nowMs() < each.nextMs) continue;
      each.nextMs = turns.nowMs() + RETRY_MS;
      resetStale();
      await turns.start(() => retryAll(each.process));
    }
    // The engine knows of its own closes at once, and pays in the same process, without waiting.
    for (const each of owing()) {
      if (seen.has(each.id)) continue;
      seen.add(each.id);
      const { process } = random.pick(processes);
      await turns.start(() => onClose(process, each));
    }
  };
  for (let step = 0; step < STEPS; step++) {
    const what = random.next();
    if (what < 0.5) for (let turn = 0; turn < 5; turn++) await turns.step();
    else if (what < 0.8) await tick();
    else if (what < 0.9) {
      people.live();
      if (mild) people.resume();
    } else if (what < (mild ? 0.901 : 0.92)) chain.fork();
    else if (what > (mild ? 0.998 : 0.97)) {
      const index = random.below(processes.length);
      turns.kill(processes[index]?.process ?? 0);
      processes[index] = open();
    }
  }
  weather = FAIR;
  people.mend();
  for (let step = 0; step < FAIR_STEPS; step++) {
    await tick();
    for (let turn = 0; turn < 20 && (await turns.step()); turn++);
  }

  const due = new Map(owing().map(({ id, amount }) => [id as string, amount]));
  const paid = new Map<string, bigint>();
  for (const { transaction, execution } of chain.landed()) {
    const id = sent.get(transaction.signature) ?? '';
    if (id === '' || execution.error !== null) continue;
    const amount = transaction.instructions.find((each) => each.program === TOKEN);
    const tokens = amount === undefined ? 0n : Buffer.from(amount.data).readBigUInt64LE(1);
    paid.set(id, (paid.get(id) ?? 0n) + tokens);
  }
  const rows = [...new Set([...due.keys(), ...paid.keys()])].map((id) => ({
    due: due.get(id) ?? 0n,
    got: paid.get(id) ?? 0n,
  }));
  return {
    debts: due.size,
    owed: rows.reduce((sum, each) => sum + each.due, 0n),
    doubled: rows.filter((each) => each.got > each.due).length,
    overpaid: rows.reduce((sum, { due: owed, got }) => sum + (got > owed ? got - owed : 0n), 0n),
    lost: rows.filter((each) => each.got < each.due).length,
    unpaid: rows.reduce((sum, { due: owed, got }) => sum + (got < owed ? owed - got : 0n), 0n),
  };
}
