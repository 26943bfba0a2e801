// Release check: a tag must be the version of all packages and have a section in CHANGELOG.md.
// With `--notes` the command prints that section, as the text of the release.
import { readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '../..');
const versionOf = (folder: string): string =>
  (JSON.parse(readFileSync(path.join(ROOT, folder, 'package.json'), 'utf8')) as { version: string })
    .version;

/**
 * The section of a version in a changelog, without its heading; null where there is none. A heading
 * is `## VERSION - YYYY-MM-DD`; a section ends at the next heading of the second level.
 */
export function sectionOf(changelog: string, version: string): string | null {
  const sections = changelog.split(/^## /m).slice(1);
  const found = sections.find((each) => {
    const [heading = ''] = each.split('\n', 1);
    return heading.startsWith(`${version} - `) && /\d{4}-\d{2}-\d{2}$/.test(heading);
  });
  return found === undefined ? null : found.slice(found.indexOf('\n')).trim();
}

/** The problems of a tag such as `v0.1.0`, in sentences; empty when it can be released. */
export function problemsOf(
  tag: string,
  versions: Readonly<Record<string, string>>,
  changelog: string,
): string[] {
  const version = tag.replace(/^v/, '');
  const problems = Object.entries(versions)
    .filter(([, each]) => each !== version)
    .map(([file, each]) => `${file} has version ${each}, the tag says ${version}.`);
  if (!/^v\d+\.\d+\.\d+$/.test(tag)) problems.push(`The tag ${tag} is not vMAJOR.MINOR.PATCH.`);
  if (sectionOf(changelog, version) === null)
    problems.push(`CHANGELOG.md has no heading "## ${version} - YYYY-MM-DD".`);
  return problems;
}

if (import.meta.main) {
  const [tag = '', option] = process.argv.slice(2);
  const changelog = readFileSync(path.join(ROOT, 'CHANGELOG.md'), 'utf8');
  const versions = Object.fromEntries(
    ['.', 'packages/gate-client', 'packages/verify'].map((each) => [
      `${each}/package.json`,
      versionOf(each),
    ]),
  );
  const problems = problemsOf(tag, versions, changelog);
  for (const each of problems) process.stderr.write(`${each}\n`);
  if (problems.length > 0) process.exit(1);
  if (option === '--notes')
    process.stdout.write(`${sectionOf(changelog, tag.replace(/^v/, ''))}\n`);
}
