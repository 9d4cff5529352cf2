import { canonicalJson } from '../../flow/canonical-json.ts';
import { contentHash } from '../../flow/content-hash.ts';
import { cleanFlowInput, flowContent } from '../../flow/flow.ts';
import { monthOf } from '../../schema/database-names.ts';
import { executionDocId, flowDocId, foreignIdPattern, monthOfUuidV7, uuidPattern } from '../../schema/ids.ts';
import type { FlowDocument } from '../../schema/index.ts';
import { SetteeClientError } from '../errors.ts';
import type { PouchDocument } from '../pouch/pouch-types.ts';
import type { ImportReport } from '../settee-types.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { assertFlow } from './flow-edits.ts';
import { hashedId } from './hashed-id.ts';
import { writeInTurn } from './in-turn.ts';
import { getOrNull, retryOnConflict } from './local-documents.ts';
import { backupTime, parseBackup, type BackupRow } from './parse-backup.ts';
import { keepVersion, readVersion } from './version-store.ts';
import { makeVersion } from '../../flow/version.ts';

const timeFields = [
  'createdAt',
  'updatedAt',
  'lastAccessedAt',
  'publishedAt',
  'deletedAt',
  'startedAt',
  'completedAt',
];

/** A UUID made of any other id, always the same (in the form of RFC 9562, version 8), so that a second run finds it. */
function uuidFor(id: unknown): string {
  if (typeof id === 'string' && uuidPattern.test(id.toLowerCase())) return id.toLowerCase();
  return hashedId(['imported flow', id ?? null]);
}

function idText(id: unknown): string {
  return typeof id === 'string' || typeof id === 'number' ? String(id) : '';
}

function withTimes(row: BackupRow): BackupRow {
  const next = { ...row };
  for (const field of timeFields) {
    if (!(field in next)) continue;
    const time = backupTime(next[field]);
    if (time === undefined) delete next[field];
    else next[field] = time;
  }
  return next;
}

function flowDocument(row: BackupRow, iso: string): FlowDocument {
  const { id, ...fields } = withTimes(row);
  const graph = typeof fields.flow === 'string' ? (JSON.parse(fields.flow) as unknown) : fields.flow;
  const createdAt = fields.createdAt ?? fields.updatedAt ?? iso;
  const doc = {
    version: '1.0.0',
    updatedAt: createdAt,
    ...cleanFlowInput({ ...fields, flow: graph }),
    createdAt,
    _id: flowDocId(uuidFor(id ?? fields)),
    type: 'flow',
    schemaVersion: 1,
  };
  assertFlow(doc as Partial<FlowDocument>);
  return doc as unknown as FlowDocument;
}

function isSame(a: FlowDocument, b: FlowDocument): boolean {
  return canonicalJson(flowContent(a)) === canonicalJson(flowContent(b));
}

type Outcome = 'imported' | 'skipped' | 'versions';

/** New here: written as it is. Known with other content: the newer shows, and the other becomes a version. */
async function importFlow(
  { space, flowIndex }: SpaceWorkspace,
  row: BackupRow,
  iso: string,
): Promise<Outcome> {
  const doc = flowDocument(row, iso);
  const put = async (next: PouchDocument) => {
    await space.main.put(next);
    flowIndex.apply(next);
  };
  const current = (await getOrNull(space.main, doc._id)) as FlowDocument | null;
  if (!current) {
    await put(doc);
    return 'imported';
  }
  if (isSame(current, doc)) return 'skipped';
  if (doc.updatedAt > current.updatedAt) {
    await keepVersion(space.main, current);
    await put({ ...doc, _rev: current._rev });
    return 'imported';
  }
  if (await readVersion(space.main, makeVersion(doc)._id)) return 'skipped';
  await keepVersion(space.main, doc);
  return 'versions';
}

function executionDocument(row: BackupRow): PouchDocument {
  const { id, ...fields } = withTimes(row);
  if (typeof fields.startedAt !== 'string')
    throw new SetteeClientError('invalid_input', 'startedAt is missing.');
  if (typeof fields.flowId !== 'string') throw new SetteeClientError('invalid_input', 'flowId is missing.');
  const named = idText(id);
  const bare = foreignIdPattern.test(named)
    ? named
    : contentHash(['imported run', named || fields]).slice(0, 32);
  const given = Object.entries(fields).filter(([name, value]) => value !== null && !name.startsWith('_'));
  return {
    flowName: '',
    flowVersion: '1.0.0',
    trigger: 'manual',
    status: 'completed',
    results: [],
    ...Object.fromEntries(given),
    flowId: uuidFor(fields.flowId),
    _id: executionDocId(bare),
    type: 'execution',
    schemaVersion: 1,
  };
}

/** Runs keep their ids; those whose id tells no month go by the start. What is here already is left alone. */
async function importExecution({ space, runs }: SpaceWorkspace, row: BackupRow): Promise<Outcome> {
  const doc = executionDocument(row);
  const month = monthOfUuidV7(doc._id.slice('execution:'.length)) ?? monthOf(new Date(String(doc.startedAt)));
  const db = await space.runs(month);
  if (await getOrNull(db, doc._id)) return 'skipped';
  await writeInTurn(db, doc._id, () => db.put(doc));
  await runs.apply(month, doc);
  return 'imported';
}

/** Takes a backup over; each row stands for itself, so that one bad row stops no other. */
export async function importBackup(
  workspace: SpaceWorkspace,
  input: unknown,
  iso: string,
): Promise<ImportReport> {
  const { flows, executions } = parseBackup(input);
  const report: ImportReport = { imported: 0, skipped: 0, versions: 0, failed: [] };
  const each = async (rows: BackupRow[], take: (row: BackupRow) => Promise<Outcome>) => {
    for (const row of rows) {
      try {
        report[await take(row)] += 1;
      } catch (error) {
        report.failed.push({
          ...(idText(row.id) === '' ? {} : { id: idText(row.id) }),
          ...(typeof row.name === 'string' ? { name: row.name } : {}),
          reason: error instanceof Error ? error.message : String(error),
        });
      }
    }
  };
  await each(flows, (row) => retryOnConflict(() => importFlow(workspace, row, iso)));
  await each(executions, (row) => importExecution(workspace, row));
  return report;
}
