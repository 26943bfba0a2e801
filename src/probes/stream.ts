// Stream: checks that the gRPC stream of the settings takes the token, tells slots, and belongs to
// the chain of the RPC node.
import { knowsBlockhash } from '../chain/genesis-question.ts';
import { askBlockhash, openChannel, toldBy } from '../chain/grpc-channel.ts';
import { openConnection } from '../chain/rpc.ts';
import { connectStream } from '../chain/stream-connection.ts';
import { type Finding, fine, odd, wrong } from '../core/doctor-finding.ts';
import type { Slot } from '../core/ids.ts';
import type { Clock } from '../core/ports.ts';
import type { Settings } from '../system/settings.ts';

const MEND = 'Check BAILIFF_STREAM_URL and BAILIFF_STREAM_TOKEN, and whether the plan has gRPC.';
const NEVER_SILENT_MS = 86_400_000;

/** The findings on the gRPC stream; none where the settings name none. */
export async function ofStream(
  { rpc, secrets }: Settings,
  clock: Clock,
  waitMs: number,
): Promise<Finding[]> {
  if (rpc.streamUrl === null || rpc.url === null) return [];
  const channel = await openChannel(rpc.streamUrl, secrets.streamToken);
  const signal = AbortSignal.timeout(waitMs);
  try {
    const heard = Promise.withResolvers<Slot>();
    const progress = {
      wanted: new Set<never>(),
      named: new Set<never>(),
      unread: new Set<never>(),
      handedOn: null,
      subscribed: 0,
    };
    const options = {
      clock,
      silentAfterMs: NEVER_SILENT_MS,
      canBe: () => true,
      onSlot: heard.resolve,
      onAccount: () => {},
      onTransactions: async () => {},
      onUnread: () => {},
    };
    const stream = connectStream(channel, null, progress, options, signal);
    const first = await Promise.race([heard.promise, stream.ended]);
    if (typeof first !== 'number') {
      const why = first.why === 'closed' ? 'it was opened, and no slot came in time' : first.why;
      return [wrong('stream', why, MEND)];
    }
    const blockhash = await askBlockhash(channel, signal);
    if (blockhash === null)
      return [
        odd(
          'stream',
          `tells slot ${first}, and names no blockhash that would show its chain`,
          'Nothing to do: its slots alone are compared with those of the node.',
        ),
      ];
    return [
      (await knowsBlockhash(openConnection(rpc.url, null))(blockhash))
        ? fine('stream', `tells slot ${first}, of the chain of the node`)
        : wrong('stream', 'the node does not know its last finalized blockhash', MEND),
    ];
  } catch (thrown) {
    return [wrong('stream', toldBy(thrown), MEND)];
  } finally {
    channel.client.close();
  }
}
