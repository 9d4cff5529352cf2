import { describe, expect, it } from 'vitest';
import { hasDay, hasTime, rangeOf, seriesOf } from '../../../../server/rest/analytics/periods.ts';

describe('a series', () => {
  // The examples are those of ISO 8601's own edge cases around the turn of a year.
  it.each([
    ['2005-01-01', '2004-W53'],
    ['2005-01-02', '2004-W53'],
    ['2005-12-31', '2005-W52'],
    ['2007-01-01', '2007-W01'],
    ['2008-12-28', '2008-W52'],
    ['2008-12-29', '2009-W01'],
    ['2010-01-03', '2009-W53'],
    ['2026-11-21', '2026-W47'],
  ])('puts %s into the week %s', (day, week) => {
    expect(seriesOf([[day, 3]], 'week')).toEqual([{ period: week, count: 3 }]);
  });

  it('adds up days, oldest first', () => {
    const days = [
      ['2026-02-01', 1],
      ['2026-01-31', 2],
      ['2026-01-01', 4],
    ] as const;
    expect(seriesOf(days, 'month')).toEqual([
      { period: '2026-01', count: 6 },
      { period: '2026-02', count: 1 },
    ]);
    expect(seriesOf(days, 'day').map(({ period }) => period)).toEqual([
      '2026-01-01',
      '2026-01-31',
      '2026-02-01',
    ]);
  });
});

describe('a range', () => {
  it('takes dates as whole days and times with any offset', () => {
    const range = rangeOf({ from: '2026-01-02', to: '2026-01-03' });
    expect(hasTime(range, '2026-01-01T23:59:59.999Z')).toBe(false);
    expect(hasTime(range, '2026-01-02T00:00:00.000Z')).toBe(true);
    expect(hasTime(range, '2026-01-03T23:59:59.999Z')).toBe(true);
    expect(hasTime(range, '2026-01-04T00:00:00.000Z')).toBe(false);
    expect(rangeOf({ from: '2026-01-02T01:00:00+02:00' })).toEqual({ from: '2026-01-01T23:00:00.000Z' });
  });

  it('has every day it touches, and every day where it is open', () => {
    const range = rangeOf({ from: '2026-01-02T12:00:00Z', to: '2026-01-04T12:00:00Z' });
    expect(['2026-01-01', '2026-01-02', '2026-01-04', '2026-01-05'].map((day) => hasDay(range, day))).toEqual(
      [false, true, true, false],
    );
    expect(hasDay({}, '1999-01-01')).toBe(true);
  });
});
