import { monthOf, type Month } from '../../schema/index.ts';
import type { MonthWindow } from './spaces.ts';

const dayMilliseconds = 86_400_000;

/**
 * Whether a space may have runs of this month: from its beginning up to tomorrow (clients' clocks differ), except
 * what retention has dropped.
 */
export function monthState(window: MonthWindow, month: Month, now: Date): 'allowed' | 'gone' | 'outside' {
  if (month < window.earliest) return 'outside';
  if (window.floor !== undefined && month < window.floor && !window.kept.includes(month)) return 'gone';
  return month <= monthOf(new Date(now.getTime() + dayMilliseconds)) ? 'allowed' : 'outside';
}

/** The oldest month that is kept where `months` whole months before this one are. */
export function retentionFloor(now: Date, months: number): Month {
  return monthOf(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1)));
}
