// Schema traffic: the settings of incoming HTTP and of calls to RPC nodes and Helius, with their
// bounds. docs/limits.md lists every bound.
import Type from 'typebox';
import { bytes, milliseconds, url } from './schema-kinds.ts';

export const TRAFFIC = {
  http: Type.Object(
    {
      host: Type.String({
        minLength: 1,
        description: 'Address to listen on. Anything but loopback needs an API key.',
      }),
      port: Type.Integer({ minimum: 0, maximum: 65_535, description: '0 takes any free port.' }),
      requestsPerMinuteMost: Type.Integer({
        minimum: 1,
        maximum: 10_000_000,
        description:
          'Requests a minute that one API key may make; questions to the gate are not counted.',
      }),
      publicRequestsPerMinuteMost: Type.Integer({
        minimum: 1,
        maximum: 10_000_000,
        description:
          'Requests a minute that one address may make to the routes without a key (health, docs, problem pages, files of the console), and as many again to statements.',
      }),
      webhookBytesMost: Type.Integer({
        minimum: 1_024,
        maximum: 104_857_600,
        description: 'Largest webhook body that is read, packed or unpacked. Bytes.',
      }),
      webhookWaitingBytesMost: Type.Integer({
        minimum: 1_048_576,
        maximum: 10_737_418_240,
        description:
          'Webhook bodies that may be on their way in or wait for Postgres; beyond them bodies are answered 503. Bytes.',
      }),
      parcelBytesMost: bytes(
        'Webhook bodies that one commit takes; one body of any accepted size always fits.',
        65_536,
        104_857_600,
      ),
      digestBytesMost: bytes(
        'Stored parcels of webhook bodies, packed, that are fetched from Postgres at once; one parcel is always fetched. They are unpacked one body at a time.',
        65_536,
        1_073_741_824,
      ),
      webhookAnswerMs: milliseconds('Webhook bodies not stored by then are answered 503.', 100),
      answerMs: milliseconds(
        'Requests to the API not answered by then get 503. Clearances may take their own patience on top.',
        100,
      ),
      bodyBytesMost: bytes('Largest body of a request to the API.', 1_024, 16_777_216),
      headersMs: milliseconds(
        'A request whose headers have not arrived by then is answered 408, and its connection is closed.',
        500,
      ),
      bodyMs: milliseconds(
        'A request that has not arrived whole by then is answered 408, and its connection is closed.',
        500,
      ),
      connectionsMost: Type.Integer({
        minimum: 10,
        maximum: 1_000_000,
        description: 'Connections open at once; further ones are closed at once.',
      }),
      accessLogLevel: Type.Enum(['off', 'debug', 'info'], {
        description:
          'Level of the line that each request leaves in the log (http.request). Requests of gate, health, metrics and webhooks leave it at debug, because they come many times a second.',
      }),
      streamsMost: Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: 'Readers of the gate stream at once; further ones get 503.',
      }),
      streamBytesMost: bytes(
        'A reader of the gate stream with more unread bytes than this is dropped, and may connect again.',
        65_536,
        1_073_741_824,
      ),
      streamsBytesMost: bytes(
        'When all readers of the gate stream together have more unread bytes than this, the one with most is dropped.',
        65_536,
        10_737_418_240,
      ),
    },
    { additionalProperties: false },
  ),
  rpc: Type.Object(
    {
      url: url(
        'Solana JSON-RPC. Usually from BAILIFF_RPC_URL, because it carries an API key.',
        'https?',
      ),
      wsUrl: url('Solana WebSocket; derived from the RPC URL when null.', 'wss?'),
      secondUrl: url(
        'A second, independent provider, asked before a payment is declared dead.',
        'https?',
      ),
      moreUrls: Type.Array(Type.String({ pattern: '^https?://' }), {
        maxItems: 8,
        uniqueItems: true,
        description:
          'Further RPC nodes that share requests with the first two. They are not asked for evidence.',
      }),
      streamUrl: url(
        'A gRPC stream that speaks Yellowstone (LaserStream, Dragon’s Mouth), for the source stream; its key is BAILIFF_STREAM_TOKEN.',
        'https?',
      ),
      senderUrl: url(
        'An endpoint that takes payments beside the nodes and asks for a tip, with payments.sender. From BAILIFF_SENDER_URL, because it may carry a key.',
        'https?',
      ),
      weights: Type.Array(Type.Integer({ minimum: 1, maximum: 1_000 }), {
        maxItems: 10,
        description:
          'How the nodes share requests, one weight for each URL in the order url, secondUrl, moreUrls; empty: the first node that does not rest is asked.',
      }),
      callsPerSecond: Type.Array(Type.Integer({ minimum: 1, maximum: 100_000 }), {
        maxItems: 10,
        description:
          'Calls a second that this daemon sends to each node at most, as its plan allows, one number for each URL in the order url, secondUrl, moreUrls; empty: learned from refusals (429), each of which costs a pause.',
      }),
      lagSlotsMost: Type.Integer({
        minimum: 2,
        maximum: 10_000,
        description:
          'With several nodes, one that is more slots behind the others than this gets no reads until it has caught up.',
      }),
      hedge: Type.Boolean({
        description:
          'With several nodes, whether a read that the gate waits for is asked of a second node when the first one is late. The first answer counts.',
      }),
      methodsAtOnce: Type.Record(
        Type.String({ pattern: '^[A-Za-z]{1,60}$' }),
        Type.Integer({ minimum: 1, maximum: 256 }),
        {
          description:
            'The most requests of a method that one node is sent at once, by method, for example { "getSignaturesForAddress": 4 }.',
        },
      ),
      budget: Type.Object(
        {
          creditsAMonthMost: Type.Union([Type.Integer({ minimum: 1_000 }), Type.Null()], {
            description:
              'Credits that the calls of all daemons of this ledger may cost in a month, by the price list of Helius; null for no bound. While they are spent faster than evenly, sources that others replace are given up, the dearest first.',
          }),
          creditsAMinuteMost: Type.Union([Type.Integer({ minimum: 10 }), Type.Null()], {
            description:
              'Credits that the calls of this daemon may cost in one minute, by the price list of Helius; null for no bound. Above it one more source that others replace is given up every 5 s.',
          }),
          monthBeginsOn: Type.Integer({
            minimum: 1,
            maximum: 28,
            description: 'The day of the month, in UTC, on which the provider counts anew.',
          }),
        },
        { additionalProperties: false },
      ),
      answerMs: milliseconds(
        'A call whose answer has not arrived whole by then fails, and is made again later.',
        500,
      ),
      answerBytesMost: bytes(
        'Largest answer of a node, or of the swap endpoint, that is read, after decompression.',
        1_048_576,
        1_073_741_824,
      ),
      answersBytesMost: bytes(
        'When the answers of nodes that are arriving together exceed this, the one that grows beyond it fails.',
        1_048_576,
        10_737_418_240,
      ),
      historyRowsMost: Type.Integer({
        minimum: 10_000,
        maximum: 10_000_000,
        description:
          "Rows of one account's history that are held at once; a longer history is walked in several goes.",
      }),
    },
    { additionalProperties: false },
  ),
  helius: Type.Object(
    {
      webhookUrl: url('Public URL under which Helius reaches POST /webhooks/helius.', 'https?'),
      apiUrl: url('Another host than the real Helius, for a local stand-in.', 'https?'),
      patienceMs: milliseconds(
        'How long the registration of a subscriber waits for Helius; the daemon goes on with it afterwards.',
        0,
      ),
    },
    { additionalProperties: false },
  ),
};
