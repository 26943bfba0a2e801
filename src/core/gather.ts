// Gather: lets many callers share one request. A question that comes while few requests are under
// way is sent at once, or once the events that have come are handled; those that come meanwhile are
// gathered for the next request. No timer is needed: the busier the other side is, the more
// questions share a request.

/** The bounds of a gatherer. */
export type GatherBounds<Q> = {
  /** The number of waiting questions, in order, that the next request carries; at least one. */
  readonly count: (waiting: readonly Q[]) => number;
  /** Requests under way at once. */
  readonly atOnce: number;
  /**
   * Whether a failed request of several questions is put again question by question, so that a
   * refused question fails alone and the others are answered. Left out: never.
   */
  readonly apart?: (thrown: unknown) => boolean;
  /** Whether a question goes before the others that wait. Left out: none does. */
  readonly ahead?: (question: Q) => boolean;
  /**
   * When a question is sent that no request holds up. Left out: in the next microtask, so that the
   * questions of one handler share a request.
   */
  readonly when?: (send: () => void) => void;
};

type Waiting<Q, A> = {
  readonly question: Q;
  readonly resolve: (answer: A) => void;
  readonly reject: (thrown: unknown) => void;
};

/**
 * Creates a function that answers one question. `ask` answers several, in their order; when it
 * throws, every question of that request fails with the same error.
 */
export function createGatherer<Q, A>(
  ask: (questions: readonly Q[]) => Promise<readonly A[]>,
  {
    count,
    atOnce,
    apart = () => false,
    ahead = () => false,
    when = queueMicrotask,
  }: GatherBounds<Q>,
): (question: Q) => Promise<A> {
  let waiting: Waiting<Q, A>[] = [];
  let underWay = 0;
  const send = async (asked: readonly Waiting<Q, A>[]): Promise<void> => {
    try {
      const answers = await ask(asked.map((each) => each.question));
      if (answers.length !== asked.length)
        throw new RangeError(`${answers.length} answers to ${asked.length} questions`);
      for (const [index, { resolve }] of asked.entries()) resolve(answers[index] as A);
    } catch (thrown) {
      if (asked.length > 1 && apart(thrown)) for (const each of asked) await send([each]);
      else for (const { reject } of asked) reject(thrown);
    }
  };
  const pump = (): void => {
    while (underWay < atOnce && waiting.length > 0) {
      underWay++;
      const next = Math.max(1, count(waiting.map((each) => each.question)));
      const asked = waiting.slice(0, next);
      waiting = waiting.slice(next);
      void send(asked).finally(() => {
        underWay--;
        pump();
      });
    }
  };
  return (question) =>
    new Promise((resolve, reject) => {
      const behind = ahead(question) ? waiting.findIndex((each) => !ahead(each.question)) : -1;
      waiting.splice(behind < 0 ? waiting.length : behind, 0, { question, resolve, reject });
      when(pump);
    });
}

/**
 * Sends questions once the handlers of all events that have come are done, so that the questions of
 * all of them share a request. Under load dozens of answers come in one turn of the event loop.
 */
export const afterEvents = (send: () => void): void => void setImmediate(send);

/** At most this many questions in a request. */
export const upTo =
  (most: number) =>
  (waiting: readonly unknown[]): number =>
    Math.min(most, waiting.length);

/**
 * At most this many questions in a request, and no two with the same key: the later one is put in a
 * later request.
 */
export const upToDistinct =
  <Q>(most: number, keyOf: (question: Q) => string) =>
  (waiting: readonly Q[]): number => {
    const keys = new Set<string>();
    for (const [index, question] of waiting.entries()) {
      const key = keyOf(question);
      if (index === most || keys.has(key)) return index;
      keys.add(key);
    }
    return waiting.length;
  };

/**
 * Creates a function whose callers share an answer that was asked for after they called: a caller
 * that finds a request under way shares the next one, because the present one may have been
 * answered before the call.
 */
export function createShared<A>(ask: () => Promise<A>): () => Promise<A> {
  return createGatherer<undefined, A>(
    async (questions) => {
      const answer = await ask();
      return questions.map(() => answer);
    },
    { count: upTo(Number.MAX_SAFE_INTEGER), atOnce: 1 },
  ) as () => Promise<A>;
}
