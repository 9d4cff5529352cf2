import { executionDocId, idPrefixes, monthOfUuidV7, type ExecutionDocument } from '../../../schema/index.ts';
import { SetteeError } from '../../errors.ts';
import type { Stored } from '../store/document-store.ts';
import type { RunsMonth, UserSpace } from '../store/user-space.ts';

export interface FoundExecution {
  month: RunsMonth;
  document: ExecutionDocument & Stored;
}

async function findIn(month: RunsMonth, id: string): Promise<FoundExecution | null> {
  const found = await month.documents.fetch<ExecutionDocument>([executionDocId(id), idPrefixes.run + id]);
  const [document] = found.filter((doc) => doc.deleted !== true);
  return document === undefined ? null : { month, document };
}

/** Finds a run by its bare id: in the month that a UUID v7 tells, else in every month, the newest first. */
export async function findExecution(space: UserSpace, id: string): Promise<FoundExecution | null> {
  const told = monthOfUuidV7(id);
  const months = await space.months();
  const likely = months.filter(({ month }) => month === told);
  for (const month of [...likely, ...months.filter((other) => !likely.includes(other))]) {
    const found = await findIn(month, id);
    if (found !== null) return found;
  }
  return null;
}

/** As findExecution; throws `not_found`. */
export async function readExecution(space: UserSpace, id: string): Promise<FoundExecution> {
  const found = await findExecution(space, id);
  if (found === null) throw new SetteeError('not_found', 'There is no such execution.');
  return found;
}
