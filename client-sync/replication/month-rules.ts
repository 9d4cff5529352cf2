import type { Month } from '../../schema/database-names.ts';
import { isMonth } from '../../schema/database-names.ts';
import { endWritesIf } from '../local/in-turn.ts';
import { getOrNull } from '../local/local-documents.ts';
import { currentMonths, type LocalSpace } from '../local/open-space.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { offerDocument } from './offer-document.ts';
import { countUnpushed, listUnpushed } from './pending-changes.ts';
import type { RefusedStore } from './refused-store.ts';
import type { ServerAccess } from './server-access.ts';

/** What is kept: so many months, counted from now in milliseconds. */
export interface KeptMonths {
  now: number;
  count: number;
}

/** The months that are synced: those kept here, and of those that the server has, the latest; newest first. */
export function wantedMonths(here: Month[], there: Month[], { now, count }: KeptMonths): Month[] {
  const current = currentMonths(now, count);
  return [...new Set([...here, ...there.filter((month) => current.includes(month))])].toSorted((a, b) =>
    a < b ? 1 : -1,
  );
}

/** A month that the server does not take: what was pushed goes, what was not is listed as refused and stays. */
export async function refuseMonth(
  { space, refused }: SpaceWorkspace,
  month: Month,
  at: string,
): Promise<void> {
  const db = space.database(month);
  if (!db) return;
  const unpushed = await listUnpushed(db);
  const reason = 'The server takes no runs of this month.';
  for (const document of unpushed) await refused.add({ ...document, reason, at, place: month });
  const isNeeded = (await refused.list()).some(({ place }) => place === month);
  if (!isNeeded) await space.dropMonth(month);
}

/**
 * Drops months that nobody needs here any more: neither recent, nor unfinished, nor waiting to be sent, nor with runs
 * that the server refused and nobody else has. False where one only waits to be sent.
 */
export async function dropOldMonths(
  space: LocalSpace,
  refused: RefusedStore,
  { now, count }: KeptMonths,
): Promise<boolean> {
  let isDone = true;
  const places = new Set((await refused.list()).map(({ place }) => place));
  const recent = currentMonths(now, count);
  for (const month of space.months()) {
    if (month >= (recent.at(-1) ?? '') || places.has(month)) continue;
    const db = space.database(month);
    if (!db || (await hasUnfinished(db))) continue;
    const isSent = await endWritesIf(db, () => isAllSent(db));
    if (isSent) await space.dropMonth(month);
    isDone &&= isSent;
  }
  return isDone;
}

/** What was never pushed has no note of a push: local-only data stays. */
async function isAllSent(db: Pouch): Promise<boolean> {
  return (await getOrNull(db, '_local/pushed')) !== null && (await countUnpushed(db)) === 0;
}

async function hasUnfinished(db: Pouch): Promise<boolean> {
  const { rows } = await db.allDocs({ include_docs: true });
  return rows.some(({ doc }) => doc?.status === 'running');
}

/** What was refused once may be taken now: rules change, months are allowed, and engines recover. */
export async function offerRefused(
  workspace: SpaceWorkspace,
  access: ServerAccess,
  isStopped: () => boolean,
): Promise<void> {
  const { space, refused } = workspace;
  for (const { docId, place } of await refused.list().catch(() => [])) {
    if (isStopped()) return;
    try {
      if (isMonth(place)) {
        if (!space.months().includes(place)) continue;
        await access.provision(workspace, place);
      }
      const local = space.database(place);
      if (local) await offerDocument(local, await access.open(workspace, place), docId);
    } catch {
      // It stays in the list.
    }
  }
}
