import { expect, it } from 'vitest';
import { createDesignFunctions } from '../../../server/embedded/design-functions.ts';
import { createValidators } from '../../../server/embedded/validators.ts';
import { pausedOnce } from './paused-once.ts';

it('refuses no document for a pause of the process while a request is judged', () => {
  const functions = createDesignFunctions({ milliseconds: 1000 });
  const judged = functions.get('function (n) { if (n.bad) throw({ forbidden: "bad" }); }');
  const paused = { ...judged, callEach: (batch: string[]) => judged.callEach(pausedOnce(batch)) };
  const validation = createValidators({ functions }).bind([{ id: '_design/v', get: () => paused }], {
    database: 'd',
    user: { name: 'alice', roles: [] },
    security: {},
  });
  const candidates = [{}, {}, { bad: true }, {}].map((newDocument) => ({ newDocument, oldDocument: null }));
  expect(validation.check(candidates).map((refused) => refused?.reason ?? null)).toEqual([
    null,
    null,
    'bad',
    null,
  ]);
});
