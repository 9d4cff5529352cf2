import type { StoredDocument } from './device-storage.ts';
import type { ServerProcess } from './server-process.ts';

/** Asks the engine itself, as its administrator. */
export async function askEngine(
  { engine }: ServerProcess,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${engine.origin}/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: engine.authorization, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json() };
}

/** All leaves of a database with their ancestry, tombstones among them; none where there is no such database. */
export async function engineLeaves(server: ServerProcess, database: string): Promise<StoredDocument[]> {
  const changes = await askEngine(server, `${database}/_changes?style=all_docs`);
  if (changes.status === 404) return [];
  const { results } = changes.body as { results: { id: string; changes: { rev: string }[] }[] };
  const docs = results.flatMap(({ id, changes: leaves }) => leaves.map(({ rev }) => ({ id, rev })));
  if (docs.length === 0) return [];
  const read = await askEngine(server, `${database}/_bulk_get?revs=true`, { docs });
  const { results: found } = read.body as { results: { docs: { ok?: StoredDocument }[] }[] };
  return found.flatMap((each) => each.docs.flatMap(({ ok }) => (ok ? [ok] : [])));
}
