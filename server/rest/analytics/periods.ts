import type { AnalyticsQuery } from '../../../schema/index.ts';
import { sorted } from '../store/sorted.ts';

export type Period = AnalyticsQuery['period'];

/** A count for one day (`2026-01-31`), week (`2026-W05`, ISO 8601) or month (`2026-01`). */
export interface PeriodCount {
  period: string;
  count: number;
}

const dayMilliseconds = 86_400_000;

/** The ISO 8601 week of a day: weeks begin on Monday and belong to the year of their Thursday. */
function weekOf(day: string): string {
  const time = Date.parse(`${day}T00:00:00Z`);
  const weekday = (new Date(time).getUTCDay() + 6) % 7;
  const thursday = new Date(time + (3 - weekday) * dayMilliseconds);
  const year = thursday.getUTCFullYear();
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * dayMilliseconds)) + 1;
  return `${year}-W${String(week).padStart(2, '0')}`;
}

function periodOf(day: string, period: Period): string {
  if (period === 'month') return day.slice(0, 7);
  return period === 'week' ? weekOf(day) : day;
}

/** Sums counts of days into periods, the oldest first; periods without any are left out. */
export function seriesOf(days: Iterable<readonly [string, number]>, period: Period): PeriodCount[] {
  const counts = new Map<string, number>();
  for (const [day, count] of days) {
    const name = periodOf(day, period);
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return sorted(counts, ([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => ({ period: name, count }));
}

/** A span of time as UTC times that compare as text with those in documents; both ends belong to it. */
export interface TimeRange {
  from?: string;
  to?: string;
}

/** Reads `from` and `to`: a date means its whole day, a time is turned to UTC. */
export function rangeOf({ from, to }: Pick<AnalyticsQuery, 'from' | 'to'>): TimeRange {
  const isDate = (value: string): boolean => value.length === 'YYYY-MM-DD'.length;
  const time = (value: string, rest: string): string =>
    isDate(value) ? `${value}T${rest}Z` : new Date(value).toISOString();
  return {
    ...(from === undefined ? {} : { from: time(from, '00:00:00.000') }),
    ...(to === undefined ? {} : { to: time(to, '23:59:59.999') }),
  };
}

/** True where the day, or a part of it, lies in the range. */
export function hasDay({ from, to }: TimeRange, day: string): boolean {
  return (from === undefined || day >= from.slice(0, 10)) && (to === undefined || day <= to.slice(0, 10));
}

/** True where the time lies in the range. */
export function hasTime({ from, to }: TimeRange, time: string): boolean {
  return (from === undefined || time >= from) && (to === undefined || time <= to);
}
