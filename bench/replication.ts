import { compare } from './compare.ts';
import { realDocuments, smallDocuments } from './documents.ts';
import { emptyLocal, newPerson, remote, store, type Endpoint, type Person } from './people.ts';
import type { ServerProcess } from './servers.ts';
import type { Row } from './table.ts';

const aim = 1.15;

/** Pull and push by a PouchDB with default options: through the proxy against straight to the engine. */
export async function replication(server: ServerProcess, repeats: number): Promise<Row[]> {
  const sets = [
    { name: '10,000 small documents', documents: smallDocuments(10_000) },
    { name: '1,000 real flows', documents: realDocuments(1000) },
  ];
  const rows: Row[] = [];
  for (const { name, documents } of sets) {
    rows.push(await pull(server, name, documents, repeats), await push(server, name, documents, repeats));
  }
  return rows;
}

async function pull(server: ServerProcess, name: string, documents: object[], repeats: number): Promise<Row> {
  const person = await newPerson(server);
  await store(person.direct, documents);
  const from = (endpoint: Endpoint) => async () => {
    const local = emptyLocal();
    return async () => {
      await local.replicate.from(remote(endpoint));
      await expectCount(local, documents.length);
      await local.destroy();
    };
  };
  return compare({
    what: `pull ${name}`,
    repeats,
    aim,
    ours: from(person.proxied),
    baseline: from(person.direct),
  });
}

async function push(server: ServerProcess, name: string, documents: object[], repeats: number): Promise<Row> {
  const local = emptyLocal();
  await local.bulkDocs(documents);
  // Each round goes to a person of its own: a second push would find everything there.
  const to = (side: (person: Person) => Endpoint) => async () => {
    const person = await newPerson(server);
    return async () => {
      const result = await local.replicate.to(remote(side(person)));
      if (result.docs_written !== documents.length)
        throw new Error(`Pushed ${result.docs_written} documents.`);
    };
  };
  const row = await compare({
    what: `push ${name}`,
    repeats,
    aim,
    ours: to((person) => person.proxied),
    baseline: to((person) => person.direct),
  });
  await local.destroy();
  return row;
}

/** Counts flows; a design document may come along. */
async function expectCount(local: PouchDB.Database, count: number): Promise<void> {
  const { rows } = await local.allDocs({ startkey: 'flow:', endkey: 'flow:\uffff' });
  if (rows.length !== count) throw new Error(`Pulled ${rows.length} of ${count} documents.`);
}
