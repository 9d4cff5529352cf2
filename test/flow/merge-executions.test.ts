import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  canonicalJson,
  deviceRules,
  executionRules,
  settingsRules,
  type LeafDocument,
} from '../../flow/index.ts';
import { timeOf } from '../support/flow-edits.ts';

const time = fc.integer({ min: 0, max: 3 }).map(timeOf);
const line = fc.record({ message: fc.constantFrom('a', 'b'), timestamp: time });
const run: fc.Arbitrary<LeafDocument> = fc.record(
  {
    _id: fc.constant('execution:x'),
    type: fc.constant('execution'),
    schemaVersion: fc.constant(1),
    status: fc.constantFrom('running', 'completed', 'failed', 'cancelled'),
    completedAt: time,
    startedAt: time,
    tokensUsed: fc.nat(3),
    output: fc.constantFrom('x', { y: 1 }, null),
    error: fc.constantFrom('broken', 'late'),
    logs: fc.array(line, { maxLength: 4 }),
    results: fc.array(fc.record({ nodeId: fc.constantFrom('n', 'm'), executedAt: time }), { maxLength: 3 }),
    nodeExecutionTimes: fc.dictionary(fc.constantFrom('n', 'm'), fc.nat(5)),
    own: fc.constantFrom(1, 'two', [3]),
  },
  { requiredKeys: ['_id', 'type', 'schemaVersion', 'status', 'startedAt', 'results'] },
);
const dated: fc.Arbitrary<LeafDocument> = fc.record(
  {
    _id: fc.constant('settings'),
    name: fc.constantFrom('a', 'b'),
    createdAt: time,
    updatedAt: time,
    sync: fc.dictionary(fc.constantFrom('network', 'frequency'), fc.constantFrom('x', 'y')),
  },
  { requiredKeys: ['_id', 'updatedAt'] },
);

const cases = [
  ['executions', executionRules, run],
  ['devices', deviceRules, dated],
  ['settings', settingsRules, dated],
] as const;

test.each(cases)(
  '%s: the order of two sides never matters, and a merge with its side is that merge',
  (_name, rules, made) => {
    const join = (a: LeafDocument, b: LeafDocument) => rules.combine(null, [a, b]).content as LeafDocument;
    fc.assert(
      fc.property(made, made, (a, b) => {
        const merged = join(a, b);
        expect(canonicalJson(join(b, a))).toBe(canonicalJson(merged));
        expect(canonicalJson(join(merged, a))).toBe(canonicalJson(merged));
        expect(canonicalJson(join(b, merged))).toBe(canonicalJson(merged));
      }),
      { numRuns: 400 },
    );
  },
);

test('a run that has ended is never running again, figures only grow, and logs are those of both', () => {
  fc.assert(
    fc.property(run, run, (a, b) => {
      const { content } = executionRules.combine(null, [a, b]);
      const ended = [a, b].filter(({ status }) => status !== 'running');
      if (ended.length > 0) expect(content.status).not.toBe('running');
      expect(content.tokensUsed ?? 0).toBe(Math.max(Number(a.tokensUsed ?? 0), Number(b.tokensUsed ?? 0)));
      for (const entry of [...((a.logs as unknown[]) ?? []), ...((b.logs as unknown[]) ?? [])]) {
        expect(content.logs).toContainEqual(entry);
      }
    }),
    { numRuns: 400 },
  );
});

test('the later ending prevails with all that it says', () => {
  const failed = { _id: 'execution:x', status: 'failed', completedAt: timeOf(1), error: 'broken' };
  const completed = { _id: 'execution:x', status: 'completed', completedAt: timeOf(2), output: 'fine' };
  const running = { _id: 'execution:x', status: 'running', output: 'half' };
  const { content } = executionRules.combine(null, [failed, completed]);
  expect(content).toEqual({ status: 'completed', completedAt: timeOf(2), output: 'fine' });
  expect(executionRules.combine(null, [running, failed]).content).toEqual({
    status: 'failed',
    completedAt: timeOf(1),
    error: 'broken',
  });
});
