import type { JsonSchema } from '../json-schema.ts';
import type { Generator } from './generator.ts';
import { failIf, memberCode, memberPath, pathCode, type Path } from './path.ts';

export function listChecks(generator: Generator, schema: JsonSchema, value: string, path: Path): string[] {
  const { items = {}, minItems, maxItems } = schema;
  const index = generator.variable('i');
  const item = generator.variable('v');
  const body = generator.checks(items, item, [...path, '[', { code: index }, ']']);
  return [
    failIf(`!Array.isArray(${value})`, path, 'must be a list'),
    ...(minItems === undefined
      ? []
      : [failIf(`${value}.length < ${minItems}`, path, `must have at least ${minItems} entries`)]),
    ...(maxItems === undefined
      ? []
      : [failIf(`${value}.length > ${maxItems}`, path, `has more than ${maxItems} entries`)]),
    ...(body.length === 0
      ? []
      : [
          `for (var ${index} = 0; ${index} < ${value}.length; ${index} += 1) {`,
          `var ${item} = ${value}[${index}];`,
          ...body,
          '}',
        ]),
  ];
}

function fieldChecks(generator: Generator, schema: JsonSchema, value: string, path: Path): string[] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const name = generator.variable('v');
    const at = memberPath(path, key);
    const body = generator.checks(field, name, at);
    const read = `var ${name} = ${memberCode(value, key)};`;
    if (required.has(key)) return [read, failIf(`${name} === undefined`, at, 'is missing'), ...body];
    return body.length === 0 ? [] : [read, `if (${name} !== undefined) {`, ...body, '}'];
  });
}

/** Checks of the fields that a schema does not name: refused, of one schema, or anything. */
function otherFieldChecks(generator: Generator, schema: JsonSchema, value: string, path: Path): string[] {
  const { additionalProperties: others = true, propertyNames = { type: 'string' } } = schema;
  if (Object.keys(propertyNames).join() !== 'type') throw new Error('Names of fields cannot be checked');
  const key = generator.variable('k');
  const item = generator.variable('v');
  const at = memberPath(path, { code: key });
  let body: string[] = [];
  if (others === false) body = [`fail(${pathCode(at)}, "is not a field that may be here");`];
  else if (others !== true) body = generator.checks(others, item, at);
  if (body.length === 0) return [];
  const known = Object.keys(schema.properties ?? {});
  return [
    `for (var ${key} of Object.keys(${value})) {`,
    ...(known.length === 0 ? [] : [`if (${JSON.stringify(known)}.indexOf(${key}) !== -1) continue;`]),
    `var ${item} = ${value}[${key}];`,
    ...body,
    '}',
  ];
}

export function objectChecks(generator: Generator, schema: JsonSchema, value: string, path: Path): string[] {
  const isObject = failIf(`!isObject(${value})`, path, 'must be an object');
  return [
    ...(path.length === 0 ? [] : [isObject]),
    ...fieldChecks(generator, schema, value, path),
    ...otherFieldChecks(generator, schema, value, path),
  ];
}
