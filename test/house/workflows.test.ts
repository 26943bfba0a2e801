// Workflows: the files under .github and .ci are read as GitHub reads them, and every script, file,
// job and matrix value that they name exists. No runner of GitHub is at hand when tests run.
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

type Step = { uses?: string; run?: string; with?: Record<string, unknown> };
type Job = {
  'runs-on'?: string;
  'timeout-minutes'?: number;
  needs?: string | string[];
  permissions?: object;
  strategy?: { matrix?: Record<string, unknown[]> };
  steps?: Step[];
};
type Workflow = { name?: string; on?: unknown; permissions?: object; jobs?: Record<string, Job> };

/** A YAML file as a value. Duplicate keys and unknown aliases are errors of the parser. */
function parsed(file: string): unknown {
  const document = parseDocument(read(file));
  expect([...document.errors, ...document.warnings].map(String), file).toEqual([]);
  return document.toJS();
}

/** The npm scripts, and the files and folders of this repository, that a command names. */
function namesOf(command: string): { scripts: string[]; paths: string[] } {
  const words = command.split(/[\s"']+/);
  return {
    scripts: [
      ...[...command.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] ?? ''),
      ...(/\bnpm test\b/.test(command) ? ['test'] : []),
    ],
    paths: words.filter((word) => /^(?:\.\/)?(?:test|src|packages|patches|config)\//.test(word)),
  };
}

function requireNames(command: string, where: string): void {
  const { scripts: named, paths } = namesOf(command);
  for (const script of named) expect(scripts[script], `${where}: npm run ${script}`).toBeDefined();
  for (const each of paths)
    expect(existsSync(path.join(ROOT, each)), `${where}: ${each}`).toBe(true);
}

const WORKFLOWS = globSync('.github/workflows/*.yml', { cwd: ROOT });

test('there are workflows to read', () => expect(WORKFLOWS.length).toBeGreaterThan(1));

describe.each(WORKFLOWS)('%s', (file) => {
  const workflow = parsed(file) as Workflow;
  const jobs = Object.entries(workflow.jobs ?? {});

  test('says when it runs, and takes no permission that it does not name', () => {
    expect(workflow.name).toBeDefined();
    expect(workflow.on).toBeDefined();
    expect(workflow.permissions).toEqual({ contents: 'read' });
    expect(jobs.length).toBeGreaterThan(0);
  });

  test.each(jobs)('job %s ends in time, and its steps and values are there', (name, job) => {
    expect(job['runs-on'], name).toMatch(/^ubuntu-\d+\.\d+$/);
    expect(job['timeout-minutes'], name).toBeLessThanOrEqual(60);
    for (const needed of [job.needs ?? []].flat()) expect(workflow.jobs).toHaveProperty(needed);
    const matrix = job.strategy?.matrix ?? {};
    for (const [, value] of JSON.stringify(job).matchAll(/\$\{\{ ?matrix\.(\w+) ?\}\}/g))
      expect(matrix, `${name}: matrix.${value}`).toHaveProperty(value ?? '');
    for (const step of job.steps ?? [])
      expect([step.uses, step.run].filter((each) => each !== undefined)).toHaveLength(1);
  });

  test.each(jobs)('job %s uses actions at a commit, and calls what exists', (name, job) => {
    for (const { uses, run } of job.steps ?? []) {
      if (uses !== undefined) {
        expect(uses, name).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
        expect(read(file), `${uses} says its release`).toMatch(new RegExp(`${uses} # v[\\d.]+`));
      }
      if (run !== undefined) requireNames(run, `${file}, ${name}`);
    }
  });
});

test('the other files of .github are read, too', () => {
  for (const file of globSync('.github/**/*.yml', { cwd: ROOT }))
    expect(parsed(file), file).toBeTypeOf('object');
});

test('what a submission runs exists', () => {
  for (const line of read('.ci/run').split('\n')) requireNames(line, '.ci/run');
});

test('a script of package.json that names a file of the project names one that exists', () => {
  for (const [name, command] of Object.entries(scripts)) {
    requireNames(command, name);
    for (const word of command.split(/\s+/))
      if (/\.(?:ts|mjs|json)$/.test(word) && !word.includes('*') && !word.startsWith('packages/'))
        expect(existsSync(path.join(ROOT, word)), `${name}: ${word}`).toBe(true);
  }
});
