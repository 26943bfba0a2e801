// Bindings: what each kind of secret is sealed for. A sealed secret that was moved to another row
// does not open there.

/** The secret key of an agent wallet. */
export const agentKeyBinding = (subscriberId: string, publicKey: string): string =>
  `bailiff/agent-key/${subscriberId}/${publicKey}`;

/** A signing secret of an endpoint. */
export const endpointBinding = (endpointId: string): string => `bailiff/endpoint/${endpointId}`;
