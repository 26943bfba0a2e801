// Peer: the same weather, crashes and closes, settled by the rules that QuantumVault's code followed when it was read: a time-out
// is a failure and leaves no signature; an IOU is written only then, and the retry only transfers; a claim has no condition; what
// is stale goes back to pending unseen; every instance runs its own timer; fifty tries or a week void a debt; dust is dropped.
// It shows what these laws are for. `npm run sim -- --peer --seeds 1000`
import { createSimChain, signatureOf } from './chain.ts';
import { SHARE_BPS, SUBSCRIBERS } from './laws.ts';
import { live, storm } from './people.ts';
import { createSimPorts, FAIR, type Weather } from './ports.ts';
import { createRandom } from './random.ts';
import { createTurns } from './turns.ts';

export type PeerOutcome = {
  readonly debts: number;
  readonly owed: bigint;
  /** Debts that were paid more than once, and what went out beyond what was owed. */
  readonly doubled: number;
  readonly overpaid: bigint;
  /** Debts that nobody will ever pay, and what they come to. */
  readonly lost: number;
  readonly unpaid: bigint;
};

const shareOf = (netPnl: string): bigint => (BigInt(netPnl) * BigInt(SHARE_BPS)) / 10_000n;

type Iou = {
  id: string;
  subscriber: number;
  amount: bigint;
  status: string;
  tries: number;
  atMs: number;
};

const DUST = 10_000n;
const CONFIRM_MS = 12_000;
const RETRY_MS = 4_000;
const STALE_MS = 8_000;
const TRIES_MOST = 50;
const STEPS = 600;
const FAIR_STEPS = 400;

/** Hardly a cloud: now and then an error, a send that is lost or late, a node a little behind. */
const MILD: Weather = { error: 0.01, lost: 0.02, denied: 0.02, delayed: 0.1, lag: 0.1, lie: 0 };

export async function simulatePeer(seed: number, mild = false): Promise<PeerOutcome> {
  const random = createRandom(seed);
  const turns = createTurns(random);
  const chain = createSimChain(random, SUBSCRIBERS);
  let weather = mild ? MILD : storm(random);
  if (mild) chain.balances.sponsor = 10n ** 12n;
  const { chain: rpc } = createSimPorts({ chain, random, weather: () => weather });
  const ious = new Map<string, Iou>();
  let nonce = 0;
  let lastProcess = 0;

  /** Sends and waits, as sendAndConfirm does: whatever goes wrong is a failure, and the signature is forgotten. */
  const transact = async (
    process: number,
    subscriber: number,
    memo: string,
    withdraw: bigint,
    amount: bigint,
  ): Promise<boolean> => {
    await turns.park(process);
    const act = {
      kind: 'payment',
      subscriber,
      memo,
      payer: 'sponsor',
      withdraw: String(withdraw),
      amount: String(amount),
      covers: [],
      height: chain.blocks().length,
      nonce: nonce++,
    };
    const bytes = new Uint8Array(Buffer.from(JSON.stringify(act)));
    try {
      await rpc.send(bytes);
      const untilMs = turns.nowMs() + CONFIRM_MS;
      while (turns.nowMs() < untilMs) {
        await turns.park(process, 400);
        const look = await rpc.look(signatureOf(bytes));
        if (look.seen === 'executed') return look.error === null;
        if (look.seen === 'nothing') return false;
      }
      return false;
    } catch {
      return false;
    }
  };
  const onClose = async (process: number, id: string, subscriber: number, amount: bigint) => {
    const withdrawn = await transact(process, subscriber, `w:${id}`, amount, 0n);
    if (withdrawn && (await transact(process, subscriber, id, 0n, amount))) return;
    ious.set(id, { id, subscriber, amount, status: 'pending', tries: 0, atMs: turns.nowMs() });
  };
  const retryAll = async (process: number): Promise<void> => {
    const pending = [...ious.values()].filter((each) => each.status === 'pending');
    for (const iou of pending) {
      if (iou.tries >= TRIES_MOST) {
        iou.status = 'voided';
        continue;
      }
      Object.assign(iou, { status: 'processing', atMs: turns.nowMs() });
      const paid = await transact(process, iou.subscriber, iou.id, 0n, iou.amount);
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
  const tick = async (): Promise<void> => {
    chain.tick();
    turns.pass(400);
    for (const each of processes) {
      if (turns.nowMs() < each.nextMs) continue;
      each.nextMs = turns.nowMs() + RETRY_MS;
      resetStale();
      await turns.start(each.process, () => retryAll(each.process));
    }
    // The engine knows of its own closes at once, and pays in the same process, without waiting.
    for (const { executed } of chain.blocks().slice(-3)) {
      for (const { act, signature } of executed) {
        if (act.kind !== 'close' || seen.has(signature)) continue;
        seen.add(signature);
        const amount = shareOf(act.netPnl);
        if (amount < DUST) continue;
        const { process } = random.pick(processes);
        await turns.start(process, () => onClose(process, signature, act.subscriber, amount));
      }
    }
  };
  for (let step = 0; step < STEPS; step++) {
    const what = random.next();
    if (what < 0.5) for (let turn = 0; turn < 5; turn++) await turns.step();
    else if (what < 0.8) await tick();
    else if (what < 0.9) {
      live(chain, random);
      if (mild) chain.paused = false;
    } else if (what < (mild ? 0.901 : 0.92)) chain.fork();
    else if (what > (mild ? 0.998 : 0.97)) {
      const index = random.below(processes.length);
      turns.kill(processes[index]?.process ?? 0);
      processes[index] = open();
    }
  }
  weather = FAIR;
  chain.paused = false;
  chain.balances.sponsor += 10n ** 12n;
  for (const own of chain.balances.accounts) own.deposit += 10n ** 12n;
  for (let step = 0; step < FAIR_STEPS; step++) {
    await tick();
    for (let turn = 0; turn < 20 && (await turns.step()); turn++);
  }

  const paid = new Map<string, bigint>();
  for (const { executed } of chain.blocks())
    for (const { act, error } of executed)
      if (act.kind === 'payment' && error === null && act.amount !== '0')
        paid.set(act.memo, (paid.get(act.memo) ?? 0n) + BigInt(act.amount));
  const owed = new Map<string, bigint>();
  for (const { executed } of chain.blocks())
    for (const { act, signature } of executed)
      if (act.kind === 'close' && shareOf(act.netPnl) > 0n)
        owed.set(signature, shareOf(act.netPnl));
  const rows = [...new Set([...owed.keys(), ...paid.keys()])].map((id) => ({
    due: owed.get(id) ?? 0n,
    got: paid.get(id) ?? 0n,
  }));
  return {
    debts: owed.size,
    owed: rows.reduce((sum, each) => sum + each.due, 0n),
    doubled: rows.filter((each) => each.got > each.due).length,
    overpaid: rows.reduce((sum, { due, got }) => sum + (got > due ? got - due : 0n), 0n),
    lost: rows.filter((each) => each.got < each.due).length,
    unpaid: rows.reduce((sum, { due, got }) => sum + (got < due ? due - got : 0n), 0n),
  };
}
