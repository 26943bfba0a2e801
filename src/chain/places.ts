// Places: bounds how many works of one kind are under way at once. Those that find no place wait in
// the order of their arrival, behind those that go ahead.

export type Places = {
  /** Resolves when there is a place; with `ahead`, before others that wait. */
  enter(ahead?: boolean): Promise<void>;
  /** Gives a place back. Also called after `most` was raised, so that waiting works enter. */
  leave(): void;
  readonly underWay: number;
};

/** Creates places. `most` is asked at each move, because it may change. */
export function createPlaces(most: () => number): Places {
  const waiting: (() => void)[] = [];
  const first: (() => void)[] = [];
  let underWay = 0;
  return {
    async enter(ahead = false) {
      if (underWay < most()) underWay++;
      // A work that leaves takes the place for the work that waits next.
      else await new Promise<void>((resolve) => (ahead ? first : waiting).push(resolve));
    },
    leave() {
      underWay--;
      while (underWay < most()) {
        const next = first.shift() ?? waiting.shift();
        if (next === undefined) return;
        underWay++;
        next();
      }
    },
    get underWay() {
      return underWay;
    },
  };
}
