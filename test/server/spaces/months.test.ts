import { describe, expect, it } from 'vitest';
import { monthState, retentionFloor } from '../../../server/spaces/months.ts';

const now = new Date('2026-11-21T12:00:00Z');

describe('months of runs', () => {
  it('are allowed from the beginning of the space to tomorrow', () => {
    const window = { earliest: '2026-05', kept: [] };
    expect(monthState(window, '2026-04', now)).toBe('outside');
    expect(monthState(window, '2026-05', now)).toBe('allowed');
    expect(monthState(window, '2026-11', now)).toBe('allowed');
    expect(monthState(window, '2026-12', now)).toBe('outside');
    expect(monthState(window, '2026-12', new Date('2026-11-30T00:00:00Z'))).toBe('allowed');
    expect(monthState(window, '2026-12', new Date('2026-11-29T23:59:59Z'))).toBe('outside');
    expect(monthState(window, '2027-01', new Date('2026-12-31T23:00:00Z'))).toBe('allowed');
  });

  it('are gone below retention, except where a run is unfinished', () => {
    const window = { earliest: '2026-01', floor: '2026-08', kept: ['2026-03'] };
    expect(monthState(window, '2026-02', now)).toBe('gone');
    expect(monthState(window, '2026-03', now)).toBe('allowed');
    expect(monthState(window, '2026-07', now)).toBe('gone');
    expect(monthState(window, '2026-08', now)).toBe('allowed');
    expect(monthState(window, '2025-12', now)).toBe('outside');
  });

  it('that are kept are counted in whole months before this one', () => {
    expect(retentionFloor(now, 3)).toBe('2026-08');
    expect(retentionFloor(now, 11)).toBe('2025-12');
    expect(retentionFloor(new Date('2026-03-31T23:59:59Z'), 1)).toBe('2026-02');
    expect(retentionFloor(now, 0)).toBe('2026-11');
  });
});
