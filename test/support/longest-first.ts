// Longest first: the order in which test files run. Vitest begins with the largest files where it
// has no times of an earlier run, as in a fresh clone; then two small files that take forty seconds
// each run last, and the second worker has nothing to do meanwhile.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take twenty seconds or more, the longest first. */
export const LONGEST = [
  'test/sim/sim.test.ts',
  'test/flows/kill.test.ts',
  'test/flows/nonce.test.ts',
  'test/flows/exactly-once.test.ts',
  'test/flows/paying.test.ts',
  'test/flows/backup.test.ts',
  'test/flows/outage.test.ts',
  'test/flows/velocity.test.ts',
  'test/flows/rebuild.test.ts',
  'test/flows/foreign.test.ts',
  'test/flows/street.test.ts',
];

export class LongestFirst extends BaseSequencer {
  /** The order of Vitest, but within each project the longest files come first. */
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification): number => {
      const place = LONGEST.findIndex((each) => moduleId.endsWith(`/${each}`));
      return place < 0 ? LONGEST.length : place;
    };
    const sorted = await super.sort(files);
    return [...Map.groupBy(sorted, ({ project }) => project.name).values()].flatMap((ofProject) =>
      ofProject.toSorted((a, b) => placeOf(a) - placeOf(b)),
    );
  }
}
