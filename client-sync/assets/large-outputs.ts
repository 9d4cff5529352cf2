import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';
import type { AssetsApi } from '../asset-types.ts';
import type { Execution } from '../execution-types.ts';
import { storeAsset } from './asset-bytes.ts';

/** Characters from which an output is an asset of its own, so that runs are listed and replicated without it. */
const largeOutput = 64_000;
const utf8 = new TextEncoder();

interface Result {
  output?: unknown;
  outputAsset?: unknown;
  [field: string]: unknown;
}

/** The run with large outputs put into assets of the same database: the whole run's, and those of nodes. */
export async function offloadOutputs(
  db: Pouch,
  doc: PouchDocument,
  executionId: string,
): Promise<PouchDocument> {
  const keep = (text: string, contentType: string): Promise<string> =>
    storeAsset(db, utf8.encode(text), { contentType, executionId });
  const results = await Promise.all(
    ((doc.results ?? []) as Result[]).map(async (result) => {
      const { output } = result;
      if (typeof output !== 'string' || output.length <= largeOutput) return result;
      return { ...result, output: '', outputAsset: await keep(output, 'text/plain') };
    }),
  );
  const { output, outputAsset, ...rest } = doc;
  const text = output === undefined ? '' : (JSON.stringify(output) ?? '');
  if (text.length > largeOutput) {
    return { ...rest, _id: doc._id, results, outputAsset: await keep(text, 'application/json') };
  }
  if (output === undefined) return { ...doc, results };
  // A small output takes the place of a large one.
  return outputAsset === undefined ? { ...doc, results } : { ...rest, _id: doc._id, output, results };
}

async function textOf(assets: AssetsApi, id: unknown, executionId: string): Promise<string | null> {
  if (typeof id !== 'string') return null;
  const blob = await assets.get(id, { executionId }).catch(() => null);
  return blob ? blob.text() : null;
}

/** The run with its large outputs, as far as they can be had here or from the server. */
export async function fillOutputs(assets: AssetsApi, execution: Execution): Promise<Execution> {
  const { id, outputAsset, results } = execution;
  const whole = await textOf(assets, outputAsset, id);
  const filled = await Promise.all(
    results.map(async (result) => {
      const output = await textOf(assets, result.outputAsset, id);
      return output === null ? result : { ...result, output };
    }),
  );
  return {
    ...execution,
    results: filled,
    ...(whole === null ? {} : { output: JSON.parse(whole) as unknown }),
  };
}
