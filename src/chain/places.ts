// Places: bounds how many works of one kind are under way at once. Those that find no place wait in
// the order of their arrival.

export type Places = {
  /** Resolves when there is a place. */
  enter(): Promise<void>;
  /** Gives a place back. Also called after `most` was raised, so that waiting works enter. */
  leave(): void;
  readonly underWay: number;
};

/** Creates places. `most` is asked at each move, because it may change. */
export function createPlaces(most: () => number): Places {
  const waiting: (() => void)[] = [];
  let underWay = 0;
  return {
    async enter() {
      if (underWay < most()) underWay++;
      // The one that leaves counts the next one in.
      else await new Promise<void>((resolve) => waiting.push(resolve));
    },
    leave() {
      underWay--;
      while (underWay < most()) {
        const next = waiting.shift();
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
