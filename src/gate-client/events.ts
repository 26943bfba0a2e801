// Events: reads server-sent events from text that arrives in pieces.

export type ServerEvent = {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
};

/**
 * Creates a reader that takes each piece of text and returns the events that are complete. Lines
 * end with LF or CRLF, which may be split between pieces.
 */
export function createEventReader(): (text: string) => ServerEvent[] {
  let rest = '';
  const parse = (block: string): ServerEvent | null => {
    let id: string | null = null;
    let event = 'message';
    const data: string[] = [];
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (name === 'id') id = value;
      else if (name === 'event') event = value;
      else if (name === 'data') data.push(value);
    }
    return data.length === 0 ? null : { id, event, data: data.join('\n') };
  };
  return (text) => {
    // The LF of a CRLF may stand in the next piece, so the remainder is normalised again each time.
    const blocks = (rest + text).replaceAll('\r\n', '\n').split('\n\n');
    rest = blocks.pop() ?? '';
    return blocks.map(parse).filter((each) => each !== null);
  };
}
