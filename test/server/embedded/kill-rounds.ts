import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { couchClient, databaseName, type CouchClient } from './couch-client.ts';
import { startEngineProcess } from './engine-process.ts';

/** Revisions by document, as the engine acknowledged them. */
type Acknowledged = Map<string, string>;

async function writeUntilItDies(
  call: CouchClient,
  db: string,
  writer: string,
  acknowledged: Acknowledged,
): Promise<void> {
  for (let n = 0; ; n += 1) {
    try {
      const single = await call('PUT', `${db}/${writer}-${n}`, { n, text: 'x'.repeat(2000) });
      if (single.status !== 201) return;
      acknowledged.set(`${writer}-${n}`, single.json.rev);
      const docs = Array.from({ length: 10 }, (_, k) => ({ _id: `${writer}-${n}-${k}`, k }));
      const answers = (await call('POST', `${db}/_bulk_docs`, { docs })).json as unknown as {
        id: string;
        rev?: string;
      }[];
      for (const { id, rev } of answers) if (rev) acknowledged.set(id, rev);
      const changed = await call('PUT', `${db}/${writer}-${n}`, { n, again: true, _rev: single.json.rev });
      if (changed.status === 201) acknowledged.set(`${writer}-${n}`, changed.json.rev);
    } catch {
      return;
    }
  }
}

/** Kills the engine while four clients write, again and again on the same data; returns what was lost. */
export async function killWhileWriting(rounds: number): Promise<{ acknowledged: number; lost: string[] }> {
  const directory = await mkdtemp(join(tmpdir(), 'settee-kill-'));
  const db = `/${databaseName()}`;
  const acknowledged: Acknowledged = new Map();
  for (let round = 0; round < rounds; round += 1) {
    const engine = await startEngineProcess(directory);
    const call = couchClient(engine.url);
    if (round === 0) {
      await call('PUT', db);
      await call('PUT', `${db}/_design/v`, { validate_doc_update: 'function () {}' });
    }
    const writers = ['a', 'b', 'c', 'd'].map((name) =>
      writeUntilItDies(call, db, `${round}${name}`, acknowledged),
    );
    await wait(300 + Math.random() * 500);
    await engine.kill('SIGKILL');
    await Promise.all(writers);
  }
  const engine = await startEngineProcess(directory);
  const { json } = await couchClient(engine.url)('GET', `${db}/_all_docs`);
  const stored = new Map(
    (json.rows as unknown as { id: string; value: { rev: string } }[]).map(({ id, value }) => [
      id,
      value.rev,
    ]),
  );
  // A write that was stored but not acknowledged any more may have come after.
  const generation = (rev: string | undefined): number => Number.parseInt(rev ?? '0', 10);
  const lost = [...acknowledged].filter(
    ([id, rev]) => stored.get(id) !== rev && generation(stored.get(id)) <= generation(rev),
  );
  await engine.kill('SIGTERM');
  await rm(directory, { recursive: true, force: true });
  return { acknowledged: acknowledged.size, lost: lost.map(([id]) => id) };
}
