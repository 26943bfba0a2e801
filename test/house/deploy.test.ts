// Deploy: what config/ops/bailiff.service and config/ops/kubernetes.yaml promise of the daemon,
// read from the files, because neither systemd nor a cluster need be at hand.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { KNOWN } from '../../src/system/variables.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
/** The command of the image, as it is typed. */
const commandOfImage = `node ${/^CMD \["node", "(.*)"\]$/m.exec(read('Dockerfile'))?.[1]?.replaceAll('", "', ' ')}`;
/** Seconds within which a daemon ends after SIGTERM, by src/main.ts. */
const STOPS_WITHIN_S = 10;

type Probe = { readonly httpGet: { readonly path: string } };
type Container = {
  readonly image: string;
  readonly envFrom: readonly unknown[];
  readonly env?: readonly unknown[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly livenessProbe: Probe;
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly resources: { readonly limits: { readonly memory: string } };
  readonly securityContext: object;
  readonly volumeMounts: readonly { readonly mountPath: string }[];
};
/** A step before the containers: it has no port and no probe. */
type Step = Pick<
  Container,
  'image' | 'envFrom' | 'env' | 'resources' | 'securityContext' | 'volumeMounts'
> & { readonly command: readonly string[] };
type Manifest = {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly strategy: { readonly type: string };
    readonly selector: Record<string, string>;
    readonly publishNotReadyAddresses?: boolean;
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly automountServiceAccountToken: boolean;
        readonly securityContext: { readonly runAsNonRoot: boolean };
        readonly initContainers: readonly [Step];
        readonly containers: readonly [Container];
      };
    };
  };
};

describe('config/ops/kubernetes.yaml', () => {
  const manifests = parseAllDocuments(read('config/ops/kubernetes.yaml')).map(
    (each) => each.toJS() as Manifest,
  );
  const named = (kind: string, name: string): Manifest['spec'] => {
    const found = manifests.find((each) => each.kind === kind && each.metadata.name === name);
    if (found === undefined) throw new Error(`no ${kind} ${name}`);
    return found.spec;
  };
  const { strategy, template } = named('Deployment', 'bailiff');
  const [container] = template.spec.containers;

  test('names the image of this release, and takes every setting from the secret', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(container.image).toBe(`bailiff:${version}`);
    expect(container.envFrom).toEqual([{ secretRef: { name: 'bailiff' } }]);
    expect(container.env).toBeUndefined();
  });

  test('asks for life before a restart, and for readiness before engines are sent', () => {
    expect(container.livenessProbe.httpGet.path).toBe('/health/live');
    expect(container.startupProbe.httpGet.path).toBe('/health/live');
    expect(container.readinessProbe.httpGet.path).toBe('/health/ready');
    const health = read('src/http/health.ts');
    for (const route of ['/health/live', '/health/ready'])
      expect(health).toContain(`app.get('${route}'`);
    expect(named('Service', 'bailiff').publishNotReadyAddresses).toBeUndefined();
    expect(named('Service', 'bailiff-webhooks').publishNotReadyAddresses).toBe(true);
  });

  test('gives the daemon the time to stop, and runs no two releases beside each other', () => {
    expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(STOPS_WITHIN_S);
    expect(strategy.type).toBe('Recreate');
  });

  test('migrates in a step of its own, which no probe ends, and with the rights of the daemon', () => {
    const [step] = template.spec.initContainers;
    expect(step.command.join(' ')).toBe(commandOfImage.replace(/start$/, 'migrate'));
    for (const key of [
      'image',
      'envFrom',
      'env',
      'resources',
      'securityContext',
      'volumeMounts',
    ] as const)
      expect(step[key], key).toEqual(container[key]);
    expect(Object.keys(step).filter((key) => key.endsWith('Probe'))).toEqual([]);
  });

  test('takes from the container what it does not need, and bounds its memory', () => {
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(template.spec.securityContext.runAsNonRoot).toBe(true);
    expect(template.spec.automountServiceAccountToken).toBe(false);
    expect(container.resources.limits.memory).toBe('1Gi');
    expect(container.volumeMounts.map((each) => each.mountPath)).toEqual(['/tmp']);
  });
});

describe('config/ops/bailiff.service', () => {
  const lines = read('config/ops/bailiff.service').split('\n');
  const directive = (name: string): string | undefined =>
    lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);

  test('starts the daemon as the image does, and gives it the time to stop', () => {
    expect(directive('ExecStart')).toBe(`/usr/bin/${commandOfImage}`);
    expect(Number(directive('TimeoutStopSec'))).toBeGreaterThan(STOPS_WITHIN_S);
  });

  test('gives a start the time that its migrations take', () => {
    // With `exec` a unit counts as started once the program runs; TimeoutStartSec bounds no more.
    expect(directive('Type')).toBe('exec');
    expect(directive('WatchdogSec')).toBeUndefined();
    expect(directive('RuntimeMaxSec')).toBeUndefined();
  });

  test('leaves no core dump with keys, no rights and no place to write', () => {
    const wanted = { LimitCORE: '0', CapabilityBoundingSet: '', ProtectSystem: 'strict' };
    for (const [name, value] of Object.entries(wanted)) expect(directive(name), name).toBe(value);
    expect(directive('MemoryMax')).toBe('1G');
    expect(directive('EnvironmentFile')).toBe('/etc/bailiff/bailiff.env');
    // A setting in the unit would be read by every user of the machine.
    const set = lines.filter((line) => line.startsWith('Environment='));
    for (const name of KNOWN) expect(set.join('\n'), name).not.toContain(`${name}=`);
  });

  test('allows as many open files as the bound of connections needs', () => {
    const { http } = JSON.parse(read('config/mainnet.json')) as {
      http: { connectionsMost: number };
    };
    expect(Number(directive('LimitNOFILE'))).toBeGreaterThanOrEqual(http.connectionsMost + 300);
  });
});
