import { describe, it } from 'vitest';
import { campaign } from './campaign.ts';

describe('several people', () => {
  it('agree at rest on what each wrote, and see what they may', { timeout: 240_000 }, () =>
    campaign('several people', { runs: 2, length: 24, shared: true, kills: true, seed: 21 }),
  );
});
