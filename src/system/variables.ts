// Variables: the environment variables that settings.ts reads, and the settings that they replace.

/** Variables of a real installation. When one is set, the network must be named. */
export const REAL = [
  'DATABASE_URL',
  'BAILIFF_DIRECT_DATABASE_URL',
  'BAILIFF_RPC_URL',
  'BAILIFF_RPC_WS_URL',
  'BAILIFF_SECOND_RPC_URL',
  'BAILIFF_MORE_RPC_URLS',
  'BAILIFF_STREAM_URL',
  'BAILIFF_STREAM_TOKEN',
  'BAILIFF_SENDER_URL',
  'BAILIFF_HELIUS_API_KEY',
  'BAILIFF_WEBHOOK_URL',
  'BAILIFF_WEBHOOK_SECRETS',
  'BAILIFF_API_KEYS',
  'BAILIFF_MASTER_KEY',
  'BAILIFF_NEXT_MASTER_KEY',
  'BAILIFF_SPONSOR_KEY',
  'BAILIFF_VAULT_TOKEN',
  'BAILIFF_TURNKEY_PUBLIC_KEY',
  'BAILIFF_TURNKEY_PRIVATE_KEY',
  'BAILIFF_FIREBLOCKS_API_KEY',
  'BAILIFF_FIREBLOCKS_PRIVATE_KEY',
  'BAILIFF_CONFIG',
];
/** Every environment variable that the daemon reads as a setting. */
export const KNOWN = [
  ...REAL,
  'BAILIFF_NETWORK',
  'BAILIFF_MODE',
  'BAILIFF_HTTP_HOST',
  'BAILIFF_HTTP_PORT',
  'BAILIFF_LOG_LEVEL',
  'BAILIFF_HELIUS_API_URL',
  'BAILIFF_SOURCES',
  'BAILIFF_REPLAY_GUARD',
  'BAILIFF_STATE_FOLDER',
  'BAILIFF_DRIFT_PROGRAM',
  'BAILIFF_VELOCITY_PROGRAM',
  'BAILIFF_VENUES',
  'BAILIFF_FIXTURES',
];

/** The environment variable of each setting that has one. */
export const VARIABLES: Readonly<Record<string, string>> = {
  'rpc.url': 'BAILIFF_RPC_URL',
  'rpc.wsUrl': 'BAILIFF_RPC_WS_URL',
  'rpc.secondUrl': 'BAILIFF_SECOND_RPC_URL',
  'rpc.moreUrls': 'BAILIFF_MORE_RPC_URLS',
  'rpc.streamUrl': 'BAILIFF_STREAM_URL',
  'rpc.senderUrl': 'BAILIFF_SENDER_URL',
  'helius.webhookUrl': 'BAILIFF_WEBHOOK_URL',
  'helius.apiUrl': 'BAILIFF_HELIUS_API_URL',
  'http.host': 'BAILIFF_HTTP_HOST',
  'http.port': 'BAILIFF_HTTP_PORT',
  'watch.sources': 'BAILIFF_SOURCES',
  'payments.replayGuard': 'BAILIFF_REPLAY_GUARD',
  venues: 'BAILIFF_VENUES',
  mode: 'BAILIFF_MODE',
  logLevel: 'BAILIFF_LOG_LEVEL',
};

/** The fewest characters to add, remove or change that make one text of the other. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [above, letter] of [...one].entries()) {
    const next = [above + 1];
    for (const [at, each] of [...other].entries())
      next.push(
        Math.min(
          (row[at] ?? 0) + (letter === each ? 0 : 1),
          (row[at + 1] ?? 0) + 1,
          (next[at] ?? 0) + 1,
        ),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** The known variable whose name is most like this one. */
export const nearest = (name: string): string =>
  KNOWN.map((known) => ({ known, far: distance(name, known) })).reduce((best, each) =>
    each.far < best.far ? each : best,
  ).known;
