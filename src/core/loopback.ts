// Loopback: tells whether a host name stands for the machine itself.

/** Whether a host, without its port, is loopback. An IPv6 address may stand in brackets. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
