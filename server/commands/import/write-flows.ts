import type nano from 'nano';
import type { FlowDocument } from '../../../schema/index.ts';

/** What became of one flow. */
export type WriteOutcome = 'imported' | 'exists' | { refused: string };

/** Writes new flows, never over one that is there: an edit made since the last import stays. In the order given. */
export async function writeFlows(
  database: nano.DocumentScope<FlowDocument>,
  flows: readonly FlowDocument[],
): Promise<WriteOutcome[]> {
  if (flows.length === 0) return [];
  const results = await database.bulk({ docs: [...flows] });
  return flows.map((flow, index) => {
    const result = results[index];
    if (result?.id !== flow._id) return { refused: 'the engine gave no answer for it' };
    if (result.error === undefined) return 'imported';
    if (result.error === 'conflict') return 'exists';
    return { refused: result.reason ?? result.error };
  });
}
