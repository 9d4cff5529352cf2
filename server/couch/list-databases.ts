import { z } from 'zod';
import { parseDatabaseName } from '../../schema/index.ts';
import { SetteeError } from '../errors.ts';
import type { EngineHttp } from './engine-http.ts';

/** The databases that Settee makes under this prefix, sorted; both keys inclusive. */
export async function listDatabases(
  http: EngineHttp,
  prefix: string,
  { startKey = prefix, endKey = `${prefix}\ufff0` }: { startKey?: string; endKey?: string } = {},
): Promise<string[]> {
  const query = new URLSearchParams({ start_key: JSON.stringify(startKey), end_key: JSON.stringify(endKey) });
  const { status, body } = await http.request(`/_all_dbs?${query.toString()}`);
  if (status !== 200)
    throw new SetteeError('engine_unavailable', `The engine does not list its databases (${status}).`);
  return z
    .array(z.string())
    .parse(body)
    .filter((name) => parseDatabaseName(name, prefix) !== null);
}
