import { compare } from './compare.ts';
import { realDocuments, smallDocuments } from './documents.ts';
import { json, newPerson, store, type Endpoint } from './people.ts';
import type { ServerProcess } from './servers.ts';
import type { Row } from './table.ts';

/** Bulk writes straight at the engine: a space's database with its validator against a database without one. */
export async function validatorCost(server: ServerProcess, repeats: number, prefix: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, make] of [
    ['2,000 small documents', () => smallDocuments(2000)],
    ['300 real flows', () => realDocuments(300)],
  ] as const) {
    rows.push(
      await compare({
        what: `store ${name} with the validator, against without`,
        repeats,
        aim: 2,
        async ours() {
          const { direct } = await newPerson(server);
          const docs = make();
          return () => store(direct, docs);
        },
        async baseline() {
          const bare = await bareDatabase(server, prefix);
          const docs = make();
          return () => store(bare, docs);
        },
      }),
    );
  }
  return rows;
}

async function bareDatabase(server: ServerProcess, prefix: string): Promise<Endpoint> {
  const { direct } = await newPerson(server);
  const name = `${prefix}space-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
  const bare = { url: `${new URL(direct.url).origin}/${name}`, authorization: direct.authorization };
  await json(`${bare.url}?q=1`, { method: 'PUT', headers: { authorization: bare.authorization } });
  return bare;
}
