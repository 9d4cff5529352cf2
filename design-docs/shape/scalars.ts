import type { JsonSchema } from '../json-schema.ts';
import type { Generator } from './generator.ts';
import { failIf, type Path } from './path.ts';

function lengthChecks({ minLength, maxLength }: JsonSchema, value: string, path: Path): string[] {
  const short = minLength === 1 ? 'must not be empty' : `must have at least ${minLength} characters`;
  return [
    ...(minLength === undefined ? [] : [failIf(`${value}.length < ${minLength}`, path, short)]),
    ...(maxLength === undefined
      ? []
      : [failIf(`${value}.length > ${maxLength}`, path, `is longer than ${maxLength} characters`)]),
  ];
}

export function textChecks(generator: Generator, schema: JsonSchema, value: string, path: Path): string[] {
  const { const: only, enum: choices } = schema;
  const patterns = [schema, ...(schema.allOf ?? [])].flatMap(({ pattern }) => pattern ?? []);
  return [
    failIf(`typeof ${value} !== "string"`, path, 'must be text'),
    ...(only === undefined
      ? []
      : [failIf(`${value} !== ${JSON.stringify(only)}`, path, `must be "${only}"`)]),
    ...(choices === undefined
      ? []
      : [
          failIf(
            `${JSON.stringify(choices)}.indexOf(${value}) === -1`,
            path,
            `must be one of ${choices.join(', ')}`,
          ),
        ]),
    ...lengthChecks(schema, value, path),
    ...patterns.map((source) => {
      const { name, wording } = generator.pattern(source);
      return failIf(`!${name}.test(${value})`, path, wording);
    }),
  ];
}

export function numberChecks({ type, minimum, maximum }: JsonSchema, value: string, path: Path): string[] {
  return [
    failIf(`typeof ${value} !== "number" || !isFinite(${value})`, path, 'must be a number'),
    ...(type === 'integer'
      ? [failIf(`Math.floor(${value}) !== ${value}`, path, 'must be a whole number')]
      : []),
    ...(minimum === undefined ? [] : [failIf(`${value} < ${minimum}`, path, `must be at least ${minimum}`)]),
    ...(maximum === undefined ? [] : [failIf(`${value} > ${maximum}`, path, `must be at most ${maximum}`)]),
  ];
}
