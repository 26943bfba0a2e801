// Finding: what the doctor saw of one thing that a daemon stands on, and how to mend it.

export type Finding = {
  readonly what: string;
  /** `warning`: it runs, and a person should know. `wrong`: something does not work. */
  readonly state: 'ok' | 'warning' | 'wrong';
  readonly says: string;
  readonly mend: string | null;
};

export const fine = (what: string, says: string): Finding => ({
  what,
  state: 'ok',
  says,
  mend: null,
});
export const odd = (what: string, says: string, mend: string): Finding => ({
  what,
  state: 'warning',
  says,
  mend,
});
export const wrong = (what: string, says: string, mend: string): Finding => ({
  what,
  state: 'wrong',
  says,
  mend,
});
