import type { JsonSchema } from '../json-schema.ts';
import { listChecks, objectChecks } from './containers.ts';
import type { Generator } from './generator.ts';
import { failIf, pathCode, type Path } from './path.ts';
import { numberChecks, textChecks } from './scalars.ts';

/*
 * Turns JSON Schema into JavaScript that checks a value, as text. What it does not understand it refuses to generate,
 * so that no rule is dropped in silence. The text is ES2016: CouchDB's older JavaScript engine knows no more.
 */

const understood = new Set(
  (
    'type properties required additionalProperties propertyNames items minItems maxItems minLength maxLength pattern ' +
    'minimum maximum enum const anyOf allOf $ref $defs $schema id description'
  ).split(' '),
);

export interface ShapeChecks {
  /** Statements that call `fail(path, what)` where the variable `value` holds no document of the schema. */
  documentChecks(schema: JsonSchema, value: string): string[];
  /** The patterns and functions that those statements use. */
  declarations(): string[];
}

function alternatives(generator: Generator, options: JsonSchema[], value: string, path: Path): string[] {
  const [first, second] = options;
  if (options.length !== 2 || first === undefined || second?.type !== 'null') {
    throw new Error(`No code can be generated for ${JSON.stringify(options)}`);
  }
  return [`if (${value} !== null) {`, ...generator.checks(first, value, path), '}'];
}

function reference(ref: string, value: string, path: Path): string[] {
  return [`check${ref.replace('#/$defs/', '')}(${value}, ${pathCode(path)});`];
}

function checksOf(generator: Generator, schema: JsonSchema, value: string, path: Path): string[] {
  const strange = Object.keys(schema).filter((key) => !understood.has(key));
  if (strange.length > 0) throw new Error(`No code can be generated for ${strange.join(', ')}`);
  if (schema.$ref !== undefined) return reference(schema.$ref, value, path);
  if (schema.anyOf) return alternatives(generator, schema.anyOf, value, path);
  if (Array.isArray(schema.type)) {
    return alternatives(
      generator,
      schema.type.map((type) => ({ ...schema, type })),
      value,
      path,
    );
  }
  switch (schema.type) {
    case undefined:
      return [];
    case 'object':
      return objectChecks(generator, schema, value, path);
    case 'array':
      return listChecks(generator, schema, value, path);
    case 'string':
      return textChecks(generator, schema, value, path);
    case 'number':
    case 'integer':
      return numberChecks(schema, value, path);
    case 'boolean':
      return [failIf(`typeof ${value} !== "boolean"`, path, 'must be true or false')];
    default:
      throw new Error(`No code can be generated for ${schema.type}`);
  }
}

/** @param wording how to say that a text does not match a pattern, by the pattern's source */
export function createShapeChecks(wording: ReadonlyMap<string, string>): ShapeChecks {
  const patterns = new Map<string, string>();
  const functions = new Map<string, string[]>();
  let variables = 0;

  const generator: Generator = {
    variable: (letter) => `${letter}${(variables += 1)}`,
    pattern: (source) => {
      if (source.includes('(?<')) throw new Error(`Too new for CouchDB's JavaScript: ${source}`);
      const name = patterns.get(source) ?? `pattern${patterns.size + 1}`;
      patterns.set(source, name);
      return { name, wording: wording.get(source) ?? 'has the wrong form' };
    },
    checks: (schema, value, path) => checksOf(generator, schema, value, path),
  };

  return {
    documentChecks(schema, value) {
      for (const [name, definition] of Object.entries(schema.$defs ?? {})) {
        if (functions.has(name)) continue;
        const body = generator.checks(definition, 'value', [{ code: 'at' }]);
        functions.set(name, [`function check${name}(value, at) {`, ...body, '}']);
      }
      return generator.checks(schema, value, []);
    },
    declarations: () => [
      ...[...patterns].map(([source, name]) => `var ${name} = ${String(new RegExp(source))};`),
      ...[...functions.values()].flat(),
    ],
  };
}
