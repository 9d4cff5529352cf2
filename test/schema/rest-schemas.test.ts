import { expect, test } from 'vitest';
import { z } from 'zod';
import * as schema from '../../schema/index.ts';

const schemas = Object.entries(schema).flatMap(([name, value]): [string, z.ZodType][] =>
  value instanceof z.ZodType ? [[name, value]] : [],
);

test.each(schemas)('%s can be told to OpenAPI', (_name, value) => {
  expect(() => z.toJSONSchema(value, { io: 'input' })).not.toThrow();
  expect(() => z.toJSONSchema(value, { io: 'output' })).not.toThrow();
});

const graph = { nodes: [{ id: 'a', own: { kept: true } }], edges: [] };

test('a flow is created from name and graph, with computed fields ignored and own fields kept', () => {
  const body = { name: 'F', flow: graph, executionCount: 'nonsense', own: [1], metadata: { userAgent: 'u' } };
  expect(schema.createFlowBodySchema.parse(body)).toEqual(body);
  expect(schema.createFlowBodySchema.safeParse({ name: 'F' }).success).toBe(false);
  expect(schema.createFlowBodySchema.safeParse({ name: '  ', flow: graph }).success).toBe(false);
});

test('an update may name any field, and clears what may be absent', () => {
  expect(schema.updateFlowBodySchema.safeParse({}).success).toBe(true);
  expect(schema.updateFlowBodySchema.safeParse({ category: null, tags: null }).success).toBe(true);
  expect(schema.updateFlowBodySchema.safeParse({ name: null }).success).toBe(false);
  expect(schema.updateFlowBodySchema.safeParse({ flow: null }).success).toBe(false);
});

test('lists are paged within bounds', () => {
  expect(schema.flowListQuerySchema.parse({})).toEqual({ sort: 'updated', limit: 50, offset: 0 });
  expect(schema.flowListQuerySchema.parse({ limit: '5', offset: '10' })).toMatchObject({
    limit: 5,
    offset: 10,
  });
  for (const limit of ['0', '-1', '1001', 'all', '1.5']) {
    expect(schema.flowListQuerySchema.safeParse({ limit }).success).toBe(false);
  }
});

test('passwords have 8 to 200 characters when they are set, and any length above none when they are tried', () => {
  const register = (password: string): boolean =>
    schema.registerBodySchema.safeParse({ email: 'a@example.org', password }).success;
  expect([
    register('1234567'),
    register('12345678'),
    register('x'.repeat(200)),
    register('x'.repeat(201)),
  ]).toEqual([false, true, true, false]);
  expect(schema.loginBodySchema.safeParse({ email: 'a@example.org', password: '1' }).success).toBe(true);
});

test.each(['a', 'a@', '@b', 'a b@c', `${'a'.repeat(251)}@b.c`])('%s is no e-mail address', (email) => {
  expect(schema.registerBodySchema.safeParse({ email, password: '12345678' }).success).toBe(false);
});

test('an execution is triggered by hand unless it says otherwise', () => {
  expect(schema.createExecutionBodySchema.parse({ flowId: 'f' })).toEqual({ flowId: 'f', trigger: 'manual' });
});

test('a completed execution cannot be running', () => {
  expect(schema.completeExecutionBodySchema.safeParse({ status: 'running' }).success).toBe(false);
  expect(schema.completeExecutionBodySchema.safeParse({ status: 'failed', error: 'e' }).success).toBe(true);
});
