import { engineReason } from './engine-error.ts';
import type { RollOutOptions, RollOutReport } from './couch.ts';
import type { InstallResult } from './install-design-document.ts';
import { eachOf } from './each-of.ts';

/** Runs `complete` over all databases, some at once; a failing one is reported and does not stop the rest. */
export async function rollOut(
  databases: readonly string[],
  complete: (database: string) => Promise<InstallResult>,
  options: RollOutOptions = {},
): Promise<RollOutReport> {
  const report: RollOutReport = { total: databases.length, updated: [], newer: [], failed: [] };
  let done = 0;
  await eachOf(
    databases,
    { concurrency: options.concurrency ?? 4, signal: options.signal },
    async (database) => {
      try {
        const result = await complete(database);
        if (result === 'installed') report.updated.push(database);
        if (result === 'newer') report.newer.push(database);
      } catch (error) {
        report.failed.push({ database, reason: engineReason(error) });
      }
      done += 1;
      options.onProgress?.({ done, total: databases.length, database });
    },
  );
  return report;
}
