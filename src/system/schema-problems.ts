// Schema problems: finds the settings that do not fit the schema, and says in words what each must
// be.
import { Settings as TypeBox } from 'typebox/system';
import Value from 'typebox/value';
import { demandOf, namesOf } from '../core/schema-words.ts';
import { type FileSettings, SettingsSchema } from './schema.ts';

// TypeBox stops after eight problems otherwise.
TypeBox.Set({ maxErrors: Number.MAX_SAFE_INTEGER });

export type Json = Record<string, unknown>;
/** Whether the value is a JSON object, not null and not an array. */
export const isObject = (value: unknown): value is Json =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** A problem: the place of the setting as a JSON pointer, and what it must be. */
export type SchemaProblem = { readonly pointer: string; readonly says: string };

type Schema = {
  readonly description?: string;
  readonly pattern?: string;
  readonly properties?: Json;
  readonly anyOf?: readonly Schema[];
};

/** The value at a JSON pointer. A property name may hold a slash, so names are tried whole. */
function at(root: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((inner, name) => (inner as Json | undefined)?.[name], root);
}

/** The schemes that the pattern of a URL allows, such as `http:// or https://`; null for others. */
function schemesOf(pattern: string | undefined): string | null {
  const [, scheme] = /^\^\((\w+)\?\):\/\/$/.exec(pattern ?? '') ?? [];
  return scheme === undefined ? null : `${scheme.slice(0, -1)}:// or ${scheme}://`;
}

/** The values with the default wherever a value does not fit, and without unknown names. */
function fitting(values: Json, defaults: Json, pointers: readonly string[]): FileSettings {
  const fit = structuredClone(values);
  for (const pointer of pointers) {
    const names = pointer.split('/').slice(1);
    let [inner, known]: [Json, unknown] = [fit, defaults];
    for (const [depth, name] of names.entries()) {
      known = (known as Json | undefined)?.[name];
      const next = inner[name];
      if (known === undefined) delete inner[name];
      else if (depth === names.length - 1 || !isObject(known) || !isObject(next))
        inner[name] = known;
      if (known === undefined || !isObject(inner[name])) break;
      inner = inner[name];
    }
  }
  return fit as FileSettings;
}

/**
 * Every setting that does not fit the schema, and the settings with the default in place of each of
 * them, so that the settings can be compared with each other all the same.
 */
export function schemaProblems(
  values: Json,
  defaults: Json,
): { readonly problems: readonly SchemaProblem[]; readonly fit: FileSettings } {
  const problems: SchemaProblem[] = [];
  for (const { keyword, instancePath, schemaPath, params } of Value.Errors(
    SettingsSchema,
    values,
  ) as Iterable<{
    keyword: string;
    instancePath: string;
    schemaPath: string;
    params: Json;
  }>) {
    // Each of these comes with another error of the same place, which says more.
    if (keyword === 'anyOf' || keyword === 'boolean' || params.type === 'null') continue;
    const schema = (at(SettingsSchema, schemaPath.slice(1)) ?? {}) as Schema;
    const add = (pointer: string, says: string): void => void problems.push({ pointer, says });
    if (keyword === 'required')
      for (const name of params.requiredProperties as string[])
        add(`${instancePath}/${name}`, 'is missing');
    else if (keyword === 'additionalProperties')
      for (const name of params.additionalProperties as string[])
        add(
          `${instancePath}/${name}`,
          `is no setting; there are: ${namesOf(Object.keys(schema.properties ?? {}))}`,
        );
    else {
      const schemes = schemesOf(schema.pattern);
      const orNull = keyword === 'type' && /\/anyOf\/\d+$/.test(schemaPath);
      const demanded = orNull ? { type: [params.type, 'null'] } : params;
      add(
        instancePath,
        demandOf(keyword, demanded, at(values, instancePath)) ??
          (schemes === null
            ? `does not fit: ${schema.description ?? `it must match ${schema.pattern}`}`
            : `must begin with ${schemes}`),
      );
    }
  }
  return {
    problems,
    fit: fitting(
      values,
      defaults,
      problems.map((each) => each.pointer),
    ),
  };
}
