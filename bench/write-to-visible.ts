import { randomUUID } from 'node:crypto';
import { createSettee, type Settee } from '../client-sync/index.ts';
import { milliseconds, percentile, type Row } from './table.ts';

const password = 'a sofa for two';
const writes = 60;
const aimMilliseconds = 60;

function memoryStorage() {
  const values = new Map<string, string>();
  return {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  };
}

const openSettee = (url: string) =>
  createSettee({ url, name: `bench-${randomUUID()}`, adapter: 'memory', storage: memoryStorage() });

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** From the call that saves a flow in one browser to the call back in another, in milliseconds. */
async function visibleIn(b: Settee, a: Settee, spaceId: string | undefined, name: string): Promise<number> {
  const { id } = await a.flows.save({
    name,
    flow: { nodes: [], edges: [] },
    ...(spaceId === undefined ? {} : { spaceId }),
  });
  await until(async () => (await b.flows.get(id)) !== null);
  const next = `${name}, renamed`;
  return new Promise((resolve, reject) => {
    let start = 0;
    const unsubscribe = b.flows.watchOne(id, (flow) => {
      if (flow?.name !== next) return;
      unsubscribe();
      resolve(performance.now() - start);
    });
    start = performance.now();
    a.flows.save({ id, name: next }).catch(reject);
  });
}

/** Write in one browser to visible in another of the same person, who has so many spaces; `urls` are the two's servers. */
export async function writeToVisible(urls: [string, string], label: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const count of [1, 5, 20]) {
    const email = `visible-${count}-${randomUUID()}@example.org`;
    const [a, b] = [await openSettee(urls[0]), await openSettee(urls[1])];
    await a.account.register({ email, password });
    const ids: (string | undefined)[] = [undefined];
    while (ids.length < count) ids.push((await a.spaces.create({ name: `space ${ids.length}` })).id);
    await b.account.signIn({ email, password });
    for (const settee of [a, b]) {
      await until(() => {
        const { live, state, spaces } = settee.status.get();
        return live && state === 'up-to-date' && Object.keys(spaces).length === count;
      });
    }
    const times: number[] = [];
    for (let n = 0; n < writes; n += 1) {
      times.push(await visibleIn(b, a, ids[n % ids.length], `flow ${n}`));
    }
    await Promise.all([a.close(), b.close()]);
    for (const rank of [50, 95]) {
      rows.push({
        what: `write to visible${label}, ${count} ${count === 1 ? 'space' : 'spaces'}, p${rank}`,
        ours: milliseconds(percentile(times, rank)),
        baseline: '',
        ratio: '',
        aim: rank === 50 ? `≤ ${aimMilliseconds} ms` : '',
      });
    }
  }
  return rows;
}
