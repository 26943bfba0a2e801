// Plain: the answers of two ledgers as JSON that can be compared.

/** The value as JSON, with unordered lists sorted. */
export const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value ?? null, (name, each: unknown) =>
      name === 'bytes'
        ? 'bytes'
        : Array.isArray(each) && (name === 'covers' || name === 'paidBy' || name === 'creditedBy')
          ? each.map((one: unknown) => JSON.stringify(plain(one))).sort()
          : typeof each === 'bigint'
            ? `${each}n`
            : each,
    ),
  );

/**
 * Events by subscriber, those of each in their order. Closes of several subscribers are booked in
 * one transaction, and the order between subscribers means nothing.
 */
export const bySubscriber = (events: unknown) =>
  Map.groupBy(events as { subscriberId: string | null }[], (each) => each.subscriberId);

/** The rows in the order of a column, where their order means nothing. */
export const sorted = <Row>(rows: Row[], by: keyof Row): Row[] =>
  rows.sort((a, b) => (String(a[by]) < String(b[by]) ? -1 : 1));
