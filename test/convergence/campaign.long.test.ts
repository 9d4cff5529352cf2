import { describe, it } from 'vitest';
import { campaign } from './campaign.ts';

const hours = 3_600_000;

describe('a long campaign', () => {
  it(
    'of several people: all that is written stays, all members agree, nobody else learns anything',
    { timeout: 4 * hours },
    () => campaign('several people', { runs: 200, length: 50, shared: true, kills: true }),
  );

  it('of one person at several devices', { timeout: hours }, () =>
    campaign('one person', { runs: 60, length: 50, shared: false, kills: true }),
  );
});
