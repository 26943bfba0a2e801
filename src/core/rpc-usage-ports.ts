// Rpc usage ports: where the ledger keeps how many calls the daemons made, and what they cost.

/** Calls of one method to one node by one part of the daemon (a loop's name, payments, other). */
export type RpcUsage = {
  readonly method: string;
  /** The host of the node. */
  readonly node: string;
  readonly source: string;
  readonly calls: number;
  readonly credits: number;
};
export type RpcUsageBook = {
  /**
   * Adds usage to the month that begins on a day (2026-11-01), and returns the credits of all
   * daemons in that month.
   */
  add(monthBegins: string, usage: readonly RpcUsage[]): Promise<number>;
  /** The usage of a month, dearest first. */
  read(monthBegins: string): Promise<RpcUsage[]>;
};
