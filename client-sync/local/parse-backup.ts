import { SetteeClientError } from '../errors.ts';

export type BackupRow = Record<string, unknown>;

export interface Backup {
  flows: BackupRow[];
  executions: BackupRow[];
}

function isRecord(value: unknown): value is BackupRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Values that JSON has no word for, as Typeson writes them: the paths of a row's dates are in `$types`. Dates may also
 * come as text or milliseconds.
 */
export function backupTime(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && !(value instanceof Date)) return undefined;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

/** dexie-export-import keeps rows of tables with outbound keys as `[key, row]`. */
function rowOf(entry: unknown): BackupRow[] {
  if (Array.isArray(entry))
    return entry.length === 2 && isRecord(entry[1]) ? [{ id: entry[0], ...entry[1] }] : [];
  if (!isRecord(entry)) return [];
  const { $types: _types, $: _outbound, ...row } = entry;
  return [row];
}

function tableRows(tables: unknown, name: string): BackupRow[] {
  if (!Array.isArray(tables)) return [];
  const table: unknown = tables.find((candidate) => isRecord(candidate) && candidate.tableName === name);
  return isRecord(table) && Array.isArray(table.rows) ? table.rows.flatMap(rowOf) : [];
}

/** Reads `{formatName: 'dexie', data: {data: [{tableName, rows}]}}` and plain `{flows, executions}`. */
export function parseBackup(input: unknown): Backup {
  const backup: unknown = typeof input === 'string' ? parseText(input) : input;
  if (isRecord(backup) && backup.formatName === 'dexie' && isRecord(backup.data)) {
    const tables = backup.data.data;
    return { flows: tableRows(tables, 'flows'), executions: tableRows(tables, 'executions') };
  }
  if (isRecord(backup) && (Array.isArray(backup.flows) || Array.isArray(backup.executions))) {
    const rows = (value: unknown) => (Array.isArray(value) ? value.flatMap(rowOf) : []);
    return { flows: rows(backup.flows), executions: rows(backup.executions) };
  }
  throw new SetteeClientError(
    'invalid_input',
    'This is no backup: neither a Dexie export nor {flows, executions}.',
  );
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SetteeClientError('invalid_input', 'This is no backup: it is not JSON.', { cause });
  }
}
