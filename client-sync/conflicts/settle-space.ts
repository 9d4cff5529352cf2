import { deviceRules, settingsRules } from '../../flow/merge-by-time.ts';
import { executionRules } from '../../flow/merge-executions.ts';
import type { ConflictRule, MergeRules } from '../../flow/merge-rules.ts';
import { idPrefixes, settingsId } from '../../schema/ids.ts';
import { mayWrite } from '../local/flow-places.ts';
import { getOrNull, putNote } from '../local/local-documents.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import { createReportOnce, type ReportFault } from '../report-once.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { settleDocument } from './settle.ts';

/** What the user wants to become of conflicts, by type of document. */
export interface ConflictRules {
  flow?: ConflictRule;
}

const fieldRules: readonly [test: (id: string) => boolean, rules: MergeRules][] = [
  [(id) => id.startsWith(idPrefixes.execution), executionRules],
  [(id) => id.startsWith(idPrefixes.device), deviceRules],
  [(id) => id === settingsId, settingsRules],
];

/** How far a database has been looked through. */
const settledNote = '_local/settled';

/**
 * Ends the conflicts of documents that merge by rules of their fields: executions, devices, settings. One that cannot
 * be settled holds up no others, and is tried again the next time.
 */
export async function settleByFields(db: Pouch, mayDelete: boolean, report: ReportFault): Promise<void> {
  const note = await getOrNull(db, settledNote);
  const since = typeof note?.sequence === 'number' ? note.sequence : 0;
  const { results, last_seq } = await db.changes({ since, style: 'all_docs', return_docs: true });
  let found = 0;
  /** Everything before it is settled. */
  let failedAt: number | null = null;
  for (const { id, changes, seq } of results) {
    const rules = fieldRules.find(([test]) => test(id))?.[1];
    if (!rules || changes.length < 2) continue;
    found += 1;
    await settleDocument(db, id, { rules, mayDelete }).catch((error: unknown) => {
      failedAt ??= Number(seq) - 1;
      report(id, error);
    });
  }
  const sequence = failedAt ?? Number(last_seq);
  // Not for every few edits, or each would cost two writes.
  if ((found > 0 && sequence > since) || sequence - since > 100) await putNote(db, settledNote, { sequence });
}

/** Settles the executions of the months that are kept here, the devices and the settings of a space. */
export async function settleFields(
  { info, space }: SpaceWorkspace,
  report: ReportFault = createReportOnce(),
): Promise<void> {
  if (!mayWrite({ info })) return;
  for (const db of space.databases()) await settleByFields(db, info.role === 'owner', report);
}
