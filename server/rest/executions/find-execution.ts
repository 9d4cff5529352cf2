import { executionDocId, idPrefixes, monthOfUuidV7, type ExecutionDocument } from '../../../schema/index.ts';
import { SetteeError } from '../../errors.ts';
import type { Stored } from '../store/document-store.ts';
import type { RunsMonth, UserSpace } from '../store/user-space.ts';

export interface FoundExecution {
  space: UserSpace;
  month: RunsMonth;
  document: ExecutionDocument & Stored;
}

async function findIn(space: UserSpace, month: RunsMonth, id: string): Promise<FoundExecution | null> {
  const found = await month.documents.fetch<ExecutionDocument>([executionDocId(id), idPrefixes.run + id]);
  const [document] = found.filter((doc) => doc.deleted !== true);
  return document === undefined ? null : { space, month, document };
}

/** Finds a run by its bare id in any of these spaces: in the month that a UUID v7 tells, else in every month, the newest first. */
export async function findExecution(
  spaces: readonly UserSpace[],
  id: string,
): Promise<FoundExecution | null> {
  const told = monthOfUuidV7(id);
  const all = await Promise.all(
    spaces.map(async (space) => (await space.months()).map((month) => ({ space, month }))),
  );
  const months = all.flat().toSorted((a, b) => (a.month.month < b.month.month ? 1 : -1));
  const likely = months.filter(({ month }) => month.month === told);
  for (const { space, month } of [...likely, ...months.filter((other) => !likely.includes(other))]) {
    const found = await findIn(space, month, id);
    if (found !== null) return found;
  }
  return null;
}

/** As findExecution; throws `not_found`. */
export async function readExecution(spaces: readonly UserSpace[], id: string): Promise<FoundExecution> {
  const found = await findExecution(spaces, id);
  if (found === null) throw new SetteeError('not_found', 'There is no such execution.');
  return found;
}
