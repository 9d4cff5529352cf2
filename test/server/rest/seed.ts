import type { ExecutionDocument, FlowDocument, Month } from '../../../schema/index.ts';
import { runsDatabase } from '../../../schema/index.ts';
import type { TestSettee } from '../../support/settee.ts';

interface Row {
  id: string;
  error?: string;
  reason?: string;
}

async function write(
  scope: ReturnType<TestSettee['services']['spaces']['open']>,
  docs: readonly object[],
): Promise<void> {
  for (let at = 0; at < docs.length; at += 100) {
    const rows = (await scope.bulk({ docs: docs.slice(at, at + 100) })) as Row[];
    const refused = rows.find(({ error }) => error !== undefined);
    if (refused) throw new Error(`${refused.id}: ${refused.reason}`);
  }
}

/** Puts documents into a user's space with the user's own rights, a hundred a request. */
export async function seedFlows(
  { services: { spaces } }: TestSettee,
  userId: string,
  flows: readonly FlowDocument[],
): Promise<void> {
  await write(spaces.open(await spaces.personal(userId)), flows);
}

/** Puts runs into a month of a user's, which may lie before the account. */
export async function seedExecutions(
  { services: { spaces } }: TestSettee,
  userId: string,
  { month, executions }: { month: Month; executions: readonly ExecutionDocument[] },
): Promise<void> {
  const { database, space } = await spaces.personal(userId);
  await spaces.allowMonthsFrom(space.id, month);
  const access = await spaces.access(userId, runsDatabase(database, month));
  if (access === null) throw new Error('no access');
  await spaces.provisionMonth(access);
  await write(spaces.open(access), executions);
}
