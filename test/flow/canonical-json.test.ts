import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, contentHash } from '../../flow/index.ts';

/** The same value with the keys of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, member]) => [key, reversed(member)] as const);
  return Object.fromEntries(entries.toReversed());
}

test('the order of keys does not matter, and nothing is lost', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('keys are in code-unit order at every depth', () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: { z: 0, 10: 1, 9: 2 }, '': null, ä: 1, Z: 1 })).toBe(
    '{"":null,"Z":1,"a":{"10":1,"9":2,"z":0},"b":[{"c":2,"d":1}],"ä":1}',
  );
});

test('what JSON has no word for follows JSON.stringify', () => {
  const time = new Date(0);
  expect(canonicalJson({ a: undefined, b: Number.NaN, c: -0, d: time, e: [undefined] })).toBe(
    '{"b":null,"c":0,"d":"1970-01-01T00:00:00.000Z","e":[null]}',
  );
  expect(() => canonicalJson(undefined)).toThrow(TypeError);
});

test('a hash is SHA-256 of the canonical text in UTF-8', () => {
  // printf '{"a":"ü","b":1}' | sha256sum
  expect(contentHash({ b: 1, a: 'ü' })).toBe(
    '4e7ff4080b1a00acdaf71eb0cdf2d504aa8068bbb375c002eac2df3f064047a7',
  );
});

test('a key named like the prototype counts as any other', () => {
  const strange: unknown = JSON.parse('{"__proto__":{"a":1}}');
  expect(canonicalJson(strange)).toBe('{"__proto__":{"a":1}}');
});

/** As the rule says it, and nothing else. */
function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(written).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${written(member)}`).join(',')}}`;
}

test('numbers and strange names among the keys change nothing', () => {
  const key = fc.oneof(
    fc.constantFrom('10', '9', '01', '-1', '__proto__', 'toJSON', 'length', ''),
    fc.string(),
  );
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.integer(),
      fc.string(),
      fc.constant(null),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('value'), { maxLength: 3 }),
    object: fc
      .array(fc.tuple(key, tie('value')), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries)),
  })).value;
  fc.assert(
    fc.property(json, (value) => {
      expect(canonicalJson(value)).toBe(written(JSON.parse(JSON.stringify(value))));
    }),
  );
});
