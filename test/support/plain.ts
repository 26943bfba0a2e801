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
