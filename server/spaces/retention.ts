import { parseDatabaseName, runsDatabase, type Month } from '../../schema/index.ts';
import type { Log } from '../log.ts';
import type { Couch } from '../couch/couch.ts';
import { eachOf } from '../couch/each-of.ts';
import { engineReason } from '../couch/engine-error.ts';
import type { Directory } from './directory.ts';
import { retentionFloor } from './months.ts';
import { isClockPlausible } from './retention-clock.ts';
import { databaseOf, monthsOf, spaceIdIn, spaceIdOf, type SpaceDocument } from './space-document.ts';
import type { RetentionReport } from './spaces.ts';
import { unfinishedRun } from './unfinished-run.ts';

const spacesAtOnce = 4;

export interface RetentionOptions {
  couch: Couch;
  directory: Directory;
  log: Log;
  months: number;
  now: Date;
  signal?: AbortSignal;
}

/**
 * Drops the months that are over. First the directory says that they are gone, so that nobody makes them again, then
 * the databases go; a month with an unfinished run is looked at again the next day.
 */
export async function applyRetention(options: RetentionOptions): Promise<RetentionReport> {
  const { couch, directory, log, signal } = options;
  const floor = retentionFloor(options.now, options.months);
  const databases = await couch.databases();
  const report: RetentionReport = { dropped: [], kept: [] };
  await directory.open();
  if (!(await isClockPlausible(couch, databases, options.now))) {
    log.error(
      { now: options.now.toISOString() },
      'nothing was dropped: the clock is months ahead of the last retention and of all runs; set it, or wait for a run',
    );
    return report;
  }
  const old = oldMonths(databases, couch.prefix, floor);
  const spaces: SpaceDocument[] = [];
  for await (const space of directory.all()) {
    const { earliest, floor: recorded = floor } = monthsOf(space);
    if (old.has(spaceIdOf(space)) || earliest < floor || recorded > floor) spaces.push(space);
  }
  await eachOf(spaces, { concurrency: spacesAtOnce, signal }, async (space) => {
    const months = old.get(spaceIdOf(space)) ?? [];
    try {
      await dropMonths({ ...options, report, floor }, space, months);
    } catch (error) {
      const reason = engineReason(error);
      log.error({ err: error, space: spaceIdOf(space) }, 'retention failed for a space');
      for (const month of months) report.kept.push({ database: runsOf(couch, space, month), reason });
    }
  });
  return report;
}

function runsOf(couch: Couch, space: SpaceDocument, month: Month): string {
  return runsDatabase(databaseOf(space, couch.prefix), month);
}

/** The months below the floor that exist, by space. */
function oldMonths(databases: readonly string[], prefix: string, floor: Month): Map<string, Month[]> {
  const bySpace = new Map<string, Month[]>();
  for (const database of databases) {
    const parsed = parseDatabaseName(database, prefix);
    if (!parsed || parsed.kind === 'server' || parsed.month === undefined || parsed.month >= floor) continue;
    const spaceId = spaceIdIn(parsed);
    if (spaceId !== null) bySpace.set(spaceId, [...(bySpace.get(spaceId) ?? []), parsed.month]);
  }
  return bySpace;
}

async function dropMonths(
  { couch, directory, report, floor }: RetentionOptions & { report: RetentionReport; floor: Month },
  space: SpaceDocument,
  months: readonly Month[],
): Promise<void> {
  const kept = new Map<Month, string>();
  const look = async (month: Month): Promise<void> => {
    const run = await unfinishedRun(couch, runsOf(couch, space, month));
    if (run !== null) kept.set(month, run);
  };
  for (const month of months) await look(month);
  await recordFloor(directory, space, floor, [...kept.keys()]);
  // A run may have begun to arrive before the directory closed the month.
  for (const month of months) if (!kept.has(month)) await look(month);
  await recordFloor(directory, space, floor, [...kept.keys()]);
  for (const month of months) {
    const database = runsOf(couch, space, month);
    const run = kept.get(month);
    if (run !== undefined) report.kept.push({ database, reason: `${run} is unfinished` });
    else {
      await couch.deleteDatabase(database);
      report.dropped.push(database);
    }
  }
}

async function recordFloor(
  directory: Directory,
  space: SpaceDocument,
  floor: Month,
  keptMonths: readonly Month[],
): Promise<void> {
  await directory.update(spaceIdOf(space), (current) => {
    if (!current) return null;
    const { floor: recorded, kept } = monthsOf(current);
    // It goes down as well, where more months are kept than before: they are empty, and may be filled again.
    if (floor === recorded && kept.join() === keptMonths.join()) return null;
    return { ...current, retentionFloor: floor, keptMonths: [...keptMonths] };
  });
}
