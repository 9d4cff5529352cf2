import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type nano from 'nano';
import { limits, type FlowDocument } from '../../../schema/index.ts';
import { flowFromFile, type FileOutcome } from './flow-from-file.ts';
import { writeFlows } from './write-flows.ts';

/** Flows written at once, and characters of their files together; one file may be as large as a document. */
const batchFlows = 20;
const batchCharacters = 8_000_000;
/** Not even read: a flow with four times as much white space as content is no flow. */
const mostFileBytes = 5 * limits.documentBytes;

/** What an import did. */
export interface ImportReport {
  imported: number;
  /** Files whose flow was there already. */
  skipped: string[];
  failed: { file: string; reason: string }[];
}

export interface ImportFilesOptions {
  folder: string;
  /** Relative to the folder. */
  files: readonly string[];
  database: nano.DocumentScope<FlowDocument>;
  /** The space's id: the same file has another id in another space. */
  owner: string;
  now: Date;
  signal: AbortSignal;
  onFile(file: string): void;
}

interface ReadFlow {
  file: string;
  flow: FlowDocument;
}

async function readOne(
  file: string,
  { folder, owner, now }: ImportFilesOptions,
): Promise<FileOutcome & { size: number }> {
  const path = join(folder, file);
  const { size } = await stat(path);
  const tooLarge = { reason: `its flow is larger than ${limits.documentBytes} bytes`, size };
  if (size > mostFileBytes) return tooLarge;
  const outcome = flowFromFile(await readFile(path, 'utf8'), { file, owner, now });
  // The document is not the file: it has fields beside it, and no white space.
  const isTooLarge =
    'flow' in outcome && Buffer.byteLength(JSON.stringify(outcome.flow)) > limits.documentBytes;
  return isTooLarge ? tooLarge : { ...outcome, size };
}

/** Reads the files one after the other and writes their flows in batches; a bad file stops nothing. */
export async function importFiles(options: ImportFilesOptions): Promise<ImportReport> {
  const report: ImportReport = { imported: 0, skipped: [], failed: [] };
  const seen = new Map<string, string>();
  let batch: ReadFlow[] = [];
  let characters = 0;

  const flush = async (): Promise<void> => {
    options.signal.throwIfAborted();
    const outcomes = await writeFlows(
      options.database,
      batch.map(({ flow }) => flow),
    );
    for (const [index, { file }] of batch.entries()) {
      const outcome = outcomes[index];
      if (outcome === 'imported') report.imported += 1;
      else if (outcome === 'exists') report.skipped.push(file);
      else report.failed.push({ file, reason: outcome?.refused ?? 'there was no answer' });
      options.onFile(file);
    }
    batch = [];
    characters = 0;
  };

  for (const file of options.files) {
    const outcome = await readOne(file, options);
    const twin = 'flow' in outcome ? seen.get(outcome.flow._id) : undefined;
    if (!('flow' in outcome) || twin !== undefined) {
      const reason = 'flow' in outcome ? `it is the same flow as ${twin ?? ''}` : outcome.reason;
      report.failed.push({ file, reason });
      options.onFile(file);
      continue;
    }
    seen.set(outcome.flow._id, file);
    if (batch.length === batchFlows || characters + outcome.size > batchCharacters) await flush();
    batch.push({ file, flow: outcome.flow });
    characters += outcome.size;
  }
  await flush();
  return report;
}
