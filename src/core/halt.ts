// Halt: the scopes in which nothing new is signed.

/** The scopes of halts that hold payments of a subscriber to a creator. */
export const haltScopes = (subscriberId: string, creatorWallet: string): string[] => [
  'all',
  `creator:${creatorWallet}`,
  `subscriber:${subscriberId}`,
];
