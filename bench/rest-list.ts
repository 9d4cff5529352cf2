import { compare } from './compare.ts';
import { realDocuments } from './documents.ts';
import { json, newPerson, store, type Endpoint } from './people.ts';
import type { ServerProcess } from './servers.ts';
import type { Row } from './table.ts';

const requests = 50;

/** A page of the REST list over 1,000 flows, against reading as many whole documents from the engine. */
export async function restList(server: ServerProcess, repeats: number): Promise<Row[]> {
  const person = await newPerson(server);
  await store(person.direct, realDocuments(1000));
  const repeated = (endpoint: Endpoint, path: string) => async () => {
    const once = () =>
      json<unknown>(endpoint.url + path, { headers: { authorization: endpoint.authorization } });
    await once();
    return async () => {
      for (let index = 0; index < requests; index += 1) await once();
    };
  };
  const api = { url: server.url, authorization: person.proxied.authorization };
  const baseline = repeated(person.direct, '/_all_docs?include_docs=true&limit=50');
  return [
    await compare({
      what: `${requests} × REST list, 50 of 1,000 flows`,
      repeats,
      aim: 1.3,
      ours: repeated(api, '/api/flows?limit=50&sort=updated'),
      baseline,
    }),
    await compare({
      what: `${requests} × REST search, 50 of 1,000 flows`,
      repeats,
      aim: 1.3,
      ours: repeated(api, '/api/flows?limit=50&search=agent'),
      baseline,
    }),
  ];
}
