import vm from 'node:vm';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { z, type ZodType } from 'zod';
import { jsonSchemaOf, type JsonSchema } from '../../design-docs/json-schema.ts';
import { createShapeChecks } from '../../design-docs/shape/shape-checks.ts';

function refusal(schema: JsonSchema, doc: unknown): string | null {
  const shapes = createShapeChecks(new Map([['^x', 'must begin with x']]));
  const checks = shapes.documentChecks(schema, 'doc');
  const code = `(function (text) {
    var said = null;
    function fail(path, what) { throw path + ' ' + what; }
    function isObject(value) { return typeof value === 'object' && value !== null && !Array.isArray(value); }
    var doc = JSON.parse(text);
    ${shapes.declarations().join('\n')}
    try { ${checks.join('\n')} } catch (thrown) { said = String(thrown); }
    return said;
  })`;
  return (vm.runInNewContext(code) as (text: string) => string | null)(JSON.stringify(doc));
}

const part = z.looseObject({ n: z.int().min(0) }).meta({ id: 'Part' });
const schema: ZodType = z.looseObject({
  text: z.string().regex(/^x/).max(3).optional(),
  'odd-name': z.literal('only').optional(),
  list: z.array(z.array(part).min(1)).max(2).optional(),
  part: part.optional(),
  nullable: z.string().nullable().optional(),
  record: z.record(z.string(), z.boolean()).optional(),
  strict: z.strictObject({ a: z.number() }).optional(),
  any: z.unknown().optional(),
});

test.each([
  [{ text: 'y' }, 'text must begin with x'],
  [{ text: 'xyz4' }, 'text is longer than 3 characters'],
  [{ 'odd-name': 'other' }, 'odd-name must be "only"'],
  [{ list: [[{ n: 1 }], [{ n: 1 }, { n: -1 }]] }, 'list[1][1].n must be at least 0'],
  [{ list: [[]] }, 'list[0] must have at least 1 entries'],
  [{ list: [[{ n: 0 }], [{ n: 0 }], [{ n: 0 }]] }, 'list has more than 2 entries'],
  [{ part: { n: 1.5 } }, 'part.n must be a whole number'],
  [{ part: null }, 'part must be an object'],
  [{ part: [] }, 'part must be an object'],
  [{ nullable: 1 }, 'nullable must be text'],
  [{ record: { a: true, b: 'x' } }, 'record.b must be true or false'],
  [{ strict: { a: 1, b: 2 } }, 'strict.b is not a field that may be here'],
  [{ strict: {} }, 'strict.a is missing'],
  [{ nullable: null, any: [], record: {}, strict: { a: -0.5 }, unknown: {} }, null],
])('%j: %s', (doc, expected) => {
  expect(refusal(jsonSchemaOf(schema), doc)).toBe(expected);
  expect(schema.safeParse(doc).success).toBe(expected === null);
});

test('for any document the generated code and zod agree', () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom('x', 'only', [[{ n: 1 }]], { n: 3 }, { a: 1 }, { b: true }, null, 1),
  );
  const keys = ['text', 'odd-name', 'list', 'part', 'nullable', 'record', 'strict', 'any'] as const;
  const documents = fc.record(Object.fromEntries(keys.map((key) => [key, value])), { requiredKeys: [] });
  const generated = jsonSchemaOf(schema);
  fc.assert(
    fc.property(documents, (doc) => {
      expect(refusal(generated, doc) === null).toBe(schema.safeParse(doc).success);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['alternatives', z.looseObject({ a: z.union([z.string(), z.number()]) })],
  ['names of fields', z.looseObject({ a: z.record(z.string().max(3), z.number()) })],
  ['fixed lists', z.looseObject({ a: z.tuple([z.string()]) })],
  ['lookbehind', z.looseObject({ a: z.string().regex(/(?<=a)b/) })],
  ['numbers in steps', z.looseObject({ a: z.number().multipleOf(5) })],
  ['transformed values', z.looseObject({ a: z.string().transform(Number) })],
])('a rule that cannot be generated stops the generator: %s', (_name, unsupported) => {
  expect(() => {
    const shapes = createShapeChecks(new Map());
    shapes.documentChecks(z.toJSONSchema(unsupported) as JsonSchema, 'doc');
  }).toThrow();
});
