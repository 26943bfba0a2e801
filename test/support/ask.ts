// Ask: one request to a daemon, with its answer read as JSON where it is any.

/**
 * Sends requests to the URL, which is asked for each time: a daemon that starts again has another.
 */
export const asking =
  (url: () => string) =>
  async (method: string, route: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(url() + route, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      body: (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>,
    };
  };
