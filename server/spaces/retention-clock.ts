import { monthOf, parseDatabaseName, serverDatabaseName, type Month } from '../../schema/index.ts';
import type { Couch } from '../couch/couch.ts';
import { engineStatus, orNull } from '../couch/engine-error.ts';

/** How many months may pass without retention before somebody has to have written runs again. */
const plausibleMonths = 2;

/** In the `directory` database: when retention was last applied. */
interface LastRetention {
  _id: 'retention';
  type: 'retention';
  month: Month;
}

function monthsBetween(earlier: Month, later: Month): number {
  const count = (month: Month): number => Number(month.slice(0, 4)) * 12 + Number(month.slice(5));
  return count(later) - count(earlier);
}

function newestMonth(databases: readonly string[], prefix: string): Month | undefined {
  const months = databases.flatMap((database) => {
    const parsed = parseDatabaseName(database, prefix);
    return parsed && parsed.kind !== 'server' && parsed.month !== undefined ? [parsed.month] : [];
  });
  return months.toSorted().at(-1);
}

/**
 * False where the clock has jumped ahead by months since the last time and nobody has written runs of late: it is
 * probably wrong, and what retention drops does not come back. Otherwise this time is noted.
 */
export async function isClockPlausible(
  couch: Couch,
  databases: readonly string[],
  now: Date,
): Promise<boolean> {
  const directory = couch.admin<LastRetention>(serverDatabaseName('directory', couch.prefix));
  const month = monthOf(now);
  const last = await orNull(directory.get('retention'));
  if (last?.month === month) return true;
  const newest = newestMonth(databases, couch.prefix);
  const isRecent = (then: Month | undefined): boolean =>
    then !== undefined && monthsBetween(then, month) <= plausibleMonths;
  if (last && !isRecent(last.month) && !isRecent(newest)) return false;
  await directory.insert({ ...last, _id: 'retention', type: 'retention', month }).catch((error: unknown) => {
    // Another process notes the same.
    if (engineStatus(error) !== 409) throw error;
  });
  return true;
}
