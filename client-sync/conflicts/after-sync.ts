import { releaseBases } from '../local/bases.ts';
import type { ReportFault } from '../report-once.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { settleFields } from './settle-space.ts';

/**
 * What a space asks for when it has come to rest, that is when a pull that began after the last push has ended: what
 * merges by its fields is settled, and bases that the push has passed go. Flows are settled where conflicts are listed.
 */
export async function afterSync(
  workspace: SpaceWorkspace,
  { pushedThrough, report }: { pushedThrough: number | null; report?: ReportFault },
): Promise<void> {
  await settleFields(workspace, report);
  if (pushedThrough !== null) await releaseBases({ db: workspace.space.main, pushedThrough });
}
