// Files: how many file descriptors this process may have open. Each connection takes one; a process
// that has none left can reach neither Postgres nor RPC, however many connections it may accept.

/** The limit that holds (`ulimit -n`); null where there is none, or Node does not tell it. */
export function openFilesMost(): number | null {
  // A report would look names of peers up, which could take long.
  const report: typeof process.report & { excludeNetwork?: boolean } = process.report;
  report.excludeNetwork = true;
  const told = report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } };
  };
  const soft = told.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : null;
}

/**
 * What is kept free for everything else: Postgres (12), WebSockets (`watch.socketsMost`), requests
 * to nodes, Helius, endpoints and the swap endpoint, modules that are loaded later.
 */
const KEPT_FREE = 300;
const CONNECTIONS_LEAST = 64;

/** How many of the connections that the settings allow fit under a limit of open files. */
export const connectionsWithin = (connectionsMost: number, filesMost: number | null): number =>
  filesMost === null
    ? connectionsMost
    : Math.min(connectionsMost, Math.max(CONNECTIONS_LEAST, filesMost - KEPT_FREE));
