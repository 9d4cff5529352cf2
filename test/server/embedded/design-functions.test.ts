import { describe, expect, it } from 'vitest';
import { createDesignFunctions } from '../../../server/embedded/design-functions.ts';
import { pausedOnce } from './paused-once.ts';

const milliseconds = 1000;

describe('a design function called for many documents', () => {
  it('answers for each of them over a pause of the process', () => {
    const double = createDesignFunctions({ milliseconds }).get('function (n) { return 2 * n; }');
    const batch = pausedOnce(Array.from({ length: 500 }, (_, n) => JSON.stringify([n])));
    expect(double.callEach(batch)).toEqual(
      Array.from({ length: 500 }, (_, n) => ({ value: 2 * n, emitted: [] })),
    );
  });

  it('loads a module anew that a pause left half loaded', () => {
    const modules = { 'lib/slow': `while (Date.now() < ${Date.now() + 1500}) {} exports.n = 1;` };
    const slow = createDesignFunctions({ milliseconds }).get(
      'function () { return require("lib/slow").n; }',
      modules,
    );
    expect(slow.callEach(['[]', '[]'])).toEqual([
      { value: 1, emitted: [] },
      { value: 1, emitted: [] },
    ]);
  });

  it('is not called again once it ran out of time twice for a document', () => {
    const endless = createDesignFunctions({ milliseconds: 300 }).get(
      'function (n) { while (n === 1) {} return n; }',
    );
    expect(endless.callEach(['[0]', '[1]', '[2]'])).toMatchObject([
      { value: 0 },
      { message: 'the function took too long' },
      { message: 'the function took too long' },
    ]);
  });
});
