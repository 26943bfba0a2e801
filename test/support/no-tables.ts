// No tables: a chain without address lookup tables.
import type { Tables } from '../../src/chain/tables.ts';

export const NO_TABLES: Tables = { read: async () => [] };
