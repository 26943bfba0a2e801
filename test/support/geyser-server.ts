// Geyser server: a provider of gRPC streams on loopback. It speaks the published protocol through
// the codec of the published client, `@triton-one/yellowstone-grpc`, not through that of Bailiff.
// It remembers what it told and replays it from a slot.
import { Server, ServerCredentials, type ServerDuplexStream, status } from '@grpc/grpc-js';
import geyser, {
  type SubscribeRequest,
  type SubscribeUpdate,
} from '@triton-one/yellowstone-grpc/dist/grpc/geyser.js';
import { base58Bytes } from '../../src/core/ids.ts';
import type { Cluster, Landed } from '../../src/local/chain/cluster.ts';

const { GeyserService, SubscribeUpdate: Update } = geyser;
type Call = ServerDuplexStream<SubscribeRequest, SubscribeUpdate>;
type Told = {
  readonly slot: number;
  readonly about: readonly string[];
  readonly update: SubscribeUpdate;
};

export type GeyserServer = AsyncDisposable & {
  readonly url: string;
  /** Every request that was sent, in order, and the token of each stream. */
  readonly requests: SubscribeRequest[];
  readonly tokens: (string | undefined)[];
  /** The open streams. */
  readonly calls: Set<Call>;
  /** The server refuses streams with this code and text; null: it takes them. */
  refusal: { code: number; details: string } | null;
  /** The first slot that is replayed; `ignored`: every stream begins with the present. */
  replay: number | 'ignored';
  /** While it is true the server sends nothing, and remembers it. */
  mute: boolean;
  /** The finalized blockhash that the server names; null: it does not answer that question. */
  blockhash: string | null;
  /** Tells of a slot, an account or a transaction; `about` are the accounts that it concerns. */
  tell(slot: number, about: readonly string[], update: Partial<SubscribeUpdate>): void;
  tellSlot(slot: number): void;
  tellAccount(slot: number, address: string, lamports: bigint): void;
  tellTransaction(slot: number, signature: string, keys: readonly string[]): void;
  ping(): void;
  /** Ends every stream, as a provider that restarts. */
  drop(): void;
};

const bytesOf = (text: string): Uint8Array => base58Bytes(text) ?? new Uint8Array();

/** Opens the server. It has told nothing yet. */
export async function openGeyser(): Promise<GeyserServer> {
  const told: Told[] = [];
  const calls = new Set<Call>();
  const filters = new Map<Call, ReadonlySet<string>>();
  const wants = (call: Call, { about, update }: Told): boolean =>
    update.slot !== undefined || about.some((each) => filters.get(call)?.has(each) === true);
  const filterOf = (request: SubscribeRequest): Set<string> =>
    new Set([
      ...Object.values(request.accounts).flatMap((each) => each.account),
      ...Object.values(request.transactions).flatMap((each) => each.accountInclude),
    ]);
  const end = (call: Call, code: number, details: string): void => {
    calls.delete(call);
    call.emit('error', { code, details });
  };
  const server = new Server();
  server.addService(GeyserService, {
    subscribe(call: Call) {
      it.tokens.push(call.metadata.get('x-token')[0]?.toString());
      calls.add(call);
      call.on('data', (request: SubscribeRequest) => {
        it.requests.push(request);
        if (request.ping !== undefined) return;
        if (it.refusal !== null) return end(call, it.refusal.code, it.refusal.details);
        filters.set(call, filterOf(request));
        if (request.fromSlot === undefined || it.replay === 'ignored') return;
        const from = Number(request.fromSlot);
        if (from < it.replay)
          return end(
            call,
            status.OUT_OF_RANGE,
            `broadcast from ${from} is not available, last available: ${it.replay}`,
          );
        for (const each of told)
          if (each.slot >= from && wants(call, each)) call.write(each.update);
      });
      call.on('end', () => call.end());
      call.on('cancelled', () => calls.delete(call));
      call.on('close', () => calls.delete(call));
      call.on('error', () => calls.delete(call));
    },
    getLatestBlockhash(_call: unknown, answer: (error: object | null, value?: object) => void) {
      if (it.blockhash === null) answer({ code: status.UNIMPLEMENTED, details: 'not served' });
      else answer(null, { slot: '1', blockhash: it.blockhash, lastValidBlockHeight: '1' });
    },
  } as never);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const it: GeyserServer = {
    url: `http://127.0.0.1:${port}`,
    requests: [],
    tokens: [],
    calls,
    refusal: null,
    replay: 0,
    mute: false,
    blockhash: null,
    tell(slot, about, update) {
      const each = { slot, about, update: Update.fromPartial(update as never) };
      told.push(each);
      if (it.mute) return;
      for (const call of calls) if (wants(call, each)) call.write(each.update);
    },
    tellSlot: (slot) => it.tell(slot, [], { slot: { slot: String(slot), status: 1 } as never }),
    tellAccount: (slot, address, lamports) =>
      it.tell(slot, [address], {
        account: {
          slot: String(slot),
          isStartup: false,
          account: {
            pubkey: bytesOf(address),
            lamports: String(lamports),
            owner: new Uint8Array(32),
            executable: false,
            rentEpoch: '0',
            data: new Uint8Array(),
            writeVersion: '1',
          },
        },
      }),
    tellTransaction: (slot, signature, keys) =>
      it.tell(slot, keys, {
        transaction: {
          slot: String(slot),
          transaction: {
            signature: bytesOf(signature),
            isVote: false,
            index: '0',
            transaction: { signatures: [], message: { accountKeys: keys.map(bytesOf) } },
            meta: {},
          } as never,
        },
      }),
    ping() {
      for (const call of calls) call.write(Update.fromPartial({ ping: {} } as never));
    },
    drop() {
      for (const call of calls) end(call, status.UNAVAILABLE, 'shutting down');
    },
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
  return it;
}

/** Lets a server tell what happens on a chain, at `confirmed`. Returns a function that stops it. */
export function tellChain(server: GeyserServer, cluster: Cluster): () => void {
  const tellLanded = ({ slot, signature, execution }: Landed): void =>
    server.tellTransaction(slot, signature, execution.message.keys);
  return cluster.on((event) => {
    if (event.kind !== 'block' || event.commitment !== 'confirmed') return;
    server.blockhash = cluster.blockhash('finalized').hash;
    for (const landed of event.landed) tellLanded(landed);
    for (const address of event.changed) {
      const account = cluster.account(address, 'confirmed');
      server.tell(event.slot, [address], {
        account: {
          slot: String(event.slot),
          isStartup: false,
          account: {
            pubkey: bytesOf(address),
            lamports: String(account?.lamports ?? 0n),
            owner: bytesOf(account?.owner ?? '11111111111111111111111111111111'),
            executable: false,
            rentEpoch: '0',
            data: account?.data ?? new Uint8Array(),
            writeVersion: '1',
          },
        },
      });
    }
    server.tellSlot(event.slot);
  });
}
