// Files: the number of file descriptors that this process may have open. Each connection takes one;
// a process without a free one can reach neither Postgres nor RPC.

/** The limit in force (`ulimit -n`); null when there is none, or when Node does not give it. */
export function openFilesMost(): number | null {
  // Without this flag the report would look up the names of peers, which could take long.
  const report: typeof process.report & { excludeNetwork?: boolean } = process.report;
  report.excludeNetwork = true;
  const told = report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } };
  };
  const soft = told.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : null;
}

/**
 * Descriptors that are kept free for other uses: Postgres (12), WebSockets (`watch.socketsMost`),
 * requests to nodes, Helius, endpoints and the swap endpoint, and modules that are loaded later.
 */
const KEPT_FREE = 300;
const CONNECTIONS_LEAST = 64;

/**
 * The number of connections, at most that of the settings, that fits under a limit of open files.
 */
export const connectionsWithin = (connectionsMost: number, filesMost: number | null): number =>
  filesMost === null
    ? connectionsMost
    : Math.min(connectionsMost, Math.max(CONNECTIONS_LEAST, filesMost - KEPT_FREE));
