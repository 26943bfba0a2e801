// Bindings: the text to which each kind of secret is bound when it is sealed. A sealed secret that
// is moved to another row does not open there.

/** The binding of an agent wallet's secret key. */
export const agentKeyBinding = (subscriberId: string, publicKey: string): string =>
  `bailiff/agent-key/${subscriberId}/${publicKey}`;

/** The binding of an endpoint's signing secret. */
export const endpointBinding = (endpointId: string): string => `bailiff/endpoint/${endpointId}`;

/** The binding of the API key that a session of the console stands for. */
export const sessionBinding = (hash: string): string => `bailiff/console-session/${hash}`;

/** The binding of the id of a session in the cookie of the console. */
export const COOKIE_BINDING = 'bailiff/console-cookie';
