import { flowDocId } from '../../schema/ids.ts';
import { isStorageFailure, SetteeClientError } from '../errors.ts';
import { eachSpace } from '../local/each-space.ts';
import { mayWrite } from '../local/flow-places.ts';
import { watchQuery } from '../local/watch-query.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import { createReportOnce, type ReportFault } from '../report-once.ts';
import type { Conflict, ConflictsApi } from '../conflict-types.ts';
import type { CurrentWorkspace, SpaceWorkspace } from '../workspace.ts';
import { describeConflict } from './describe-conflict.ts';
import { describeLeaves, isConflict, readAllLeaves } from './leaves.ts';
import { createQuietFlows, type QuietFlows } from './quiet-flows.ts';
import { resolveConflict } from './resolve-conflict.ts';
import { planSettlement, settleDocument } from './settle.ts';
import type { ConflictRules } from './settle-space.ts';
import { describeUnsettled } from './unsettled.ts';

export interface ConflictsOptions {
  /** What becomes of conflicts, by type of document. */
  rules?: () => ConflictRules;
  /** Whether this tab is the one that settles; the others only show what remains. */
  leads?: () => boolean;
  /** Hears of what could not be settled. */
  report?: ReportFault;
}

type Settle = Required<ConflictsOptions> & { elsewhere: readonly Pouch[] };

/** Settles one flow as far as nobody has to be asked, or thinks it settled, and tells what remains. */
async function settleFlow(
  { info, space }: SpaceWorkspace,
  docId: string,
  { rules, leads, elsewhere }: Settle,
): Promise<Conflict | null> {
  const mayDelete = info.role === 'owner';
  const options = { rule: rules().flow ?? 'merge', mayDelete, elsewhere } as const;
  const db = space.main;
  if (mayWrite({ info }) && leads()) {
    const { leaves, settlement } = await settleDocument(db, docId, options);
    const rest = await describeLeaves(db, docId, leaves);
    return isConflict(rest) ? describeConflict({ info, leaves: rest, settlement, db }) : null;
  }
  const all = await readAllLeaves(db, docId);
  const settlement = await planSettlement(db, all, options);
  const rest = await describeLeaves(db, docId, all);
  // Only what remains when the tab that settles has done so; a viewer sees what there is.
  const isLeft = !mayWrite({ info }) || settlement.remaining.length > 1 || rest.deletions.length > 0;
  return isLeft && isConflict(rest) ? describeConflict({ info, leaves: rest, settlement, db }) : null;
}

/** Where not even storage can be read, nothing can be said about the others either. */
async function showFailed(workspace: SpaceWorkspace, docId: string): Promise<Conflict[]> {
  try {
    const conflict = await describeUnsettled(workspace, docId);
    return conflict ? [conflict] : [];
  } catch (error) {
    if (isStorageFailure(error)) throw error;
    return [];
  }
}

async function findConflicts(
  workspace: SpaceWorkspace,
  quiet: QuietFlows,
  settle: Settle,
): Promise<Conflict[]> {
  await workspace.flowIndex.ready();
  const found: Conflict[] = [];
  for (const docId of quiet.toLookAt(workspace)) {
    const noteSettled = quiet.look(workspace, docId);
    const leads = settle.leads();
    try {
      const conflict = await settleFlow(workspace, docId, { ...settle, leads: () => leads });
      if (conflict) found.push(conflict);
      // What this tab only thinks settled is looked at again once it leads.
      else if (leads) noteSettled();
    } catch (error) {
      // It is tried again the next time, and holds up no others.
      found.push(...(await showFailed(workspace, docId)));
      settle.report(docId, error);
    }
  }
  return found;
}

/** The conflicts that wait for a choice, of all open spaces. Those that nobody has to be asked about never show. */
export function createConflicts(
  current: CurrentWorkspace,
  iso: () => string,
  options: ConflictsOptions = {},
): ConflictsApi {
  const { rules = () => ({}), leads = () => true, report = createReportOnce() } = options;
  const quiet = createQuietFlows();
  const list = async (): Promise<Conflict[]> => {
    const found = await eachSpace(current.get(), (space) => {
      const others = current
        .get()
        .all()
        .filter((other) => other !== space);
      const elsewhere = others.map((other) => other.space.main);
      return findConflicts(space, quiet, { rules, leads, elsewhere, report });
    });
    return found.flat().toSorted((a, b) => (a.flowId < b.flowId ? -1 : 1));
  };
  return {
    list,
    async resolve(flowId, choice) {
      const workspace = await current.get().find(flowId);
      if (!workspace) throw new SetteeClientError('no_conflict', 'This flow is in no conflict.');
      const doc = await resolveConflict({ workspace, docId: flowDocId(flowId), choice, iso: iso() });
      return { ...workspace.flows.remember(doc), spaceId: workspace.info.id };
    },
    watch: (listener) =>
      watchQuery({
        current,
        run: list,
        listener,
        onChange: ({ onFlows }, changed) => onFlows(changed),
        fingerprint: (conflicts) =>
          JSON.stringify(
            conflicts.map(({ flowId, canResolve, leaves }) => [
              flowId,
              canResolve,
              leaves.map(({ revision }) => revision),
            ]),
          ),
      }),
  };
}
