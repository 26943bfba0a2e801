// Doctor: the command that checks every part that a daemon depends on and prints for each what is
// wrong and how to mend it.
import type { Finding } from '../core/doctor-finding.ts';
import { counted, type Output, table } from './output.ts';

const MARK = { ok: 'ok', warning: 'warning', wrong: 'WRONG' } as const;

/** Prints the findings. Returns exit code 3 when at least one of them is `wrong`, else 0. */
export function report(findings: readonly Finding[], output: Output): number {
  const of = (state: Finding['state']) => findings.filter((each) => each.state === state).length;
  const [bad, warnings] = [of('wrong'), of('warning')];
  const beside = warnings === 0 ? '' : `, with ${counted(warnings, 'warning', 'warnings')}`;
  const rows = findings.flatMap((each) => [
    [MARK[each.state], each.what, each.says],
    ...(each.mend === null ? [] : [['', '', `→ ${each.mend}`]]),
  ]);
  output.result({ healthy: bad === 0, findings }, [
    ...table(rows),
    `${bad === 0 ? 'Nothing is' : counted(bad, 'thing is', 'things are')} wrong${beside}.`,
  ]);
  return bad === 0 ? 0 : 3;
}
