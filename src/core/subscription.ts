// Subscription: the agreement of one account of a subscriber with a creator.
import type { Agreement } from './accrual.ts';
import type { Address } from './ids.ts';

export type Subscription = Agreement & {
  readonly id: string;
  readonly subscriberId: string;
  readonly driftAccount: Address;
};
