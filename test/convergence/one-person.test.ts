import { describe, it } from 'vitest';
import { campaign } from './campaign.ts';

describe('the devices of one person', () => {
  it('end up with the same flows, and with everything that was written', { timeout: 240_000 }, () =>
    campaign('one person', { runs: 2, length: 24, shared: false, kills: false, seed: 20 }),
  );
});
