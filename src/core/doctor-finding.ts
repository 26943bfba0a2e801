// Doctor finding: the doctor's result on one part that a daemon depends on, and how to mend it.

export type Finding = {
  readonly what: string;
  /** `warning`: the daemon runs, and a person should know. `wrong`: something does not work. */
  readonly state: 'ok' | 'warning' | 'wrong';
  readonly says: string;
  readonly mend: string | null;
};

/** A finding that all is well. */
export const fine = (what: string, says: string): Finding => ({
  what,
  state: 'ok',
  says,
  mend: null,
});
/** A finding that a person should know. */
export const odd = (what: string, says: string, mend: string): Finding => ({
  what,
  state: 'warning',
  says,
  mend,
});
/** A finding that something does not work. */
export const wrong = (what: string, says: string, mend: string): Finding => ({
  what,
  state: 'wrong',
  says,
  mend,
});
/** A finding that a part was not looked at; `says` is what was not read for it. */
export const unread = (what: string, says: string): Finding =>
  odd(
    what,
    `not looked at: ${says}`,
    'Mend what stands above about Postgres and the ledger, and run the doctor again.',
  );
