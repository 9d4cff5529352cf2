import { Agent, request } from 'node:http';
import { ratioRow } from './compare.ts';
import { writeToListener } from './latency.ts';
import { newPerson, type Endpoint, type Person } from './people.ts';
import type { ServerProcess } from './servers.ts';
import { median, type Row } from './table.ts';

const clients = 500;
const peopleCount = 20;
/** Open before the first reading, so that what the first feeds load and compile is not counted. */
const warmClients = 50;

/** What 500 open feeds cost a process that is the proxy alone. */
export async function idleMemory(proxy: ServerProcess): Promise<Row[]> {
  const people = await makePeople(proxy);
  const warm = await openFeeds(people, warmClients);
  await writeToListener((people[0] as Person).proxied, 50);
  const before = await settled(proxy);
  const feeds = await openFeeds(people, clients);
  const after = await settled(proxy);
  feeds.close();
  warm.close();
  const each = (after - before) / clients / 1024;
  return [
    {
      what: `memory a client, ${clients} idle live clients`,
      ours: `${each.toFixed(1)} kB`,
      baseline: '-',
      ratio: '-',
      aim: '≤ 40 kB',
    },
  ];
}

/** What 500 open feeds do to a write's way to its listener, through the proxy and beside it. */
export async function idleLatency(server: ServerProcess): Promise<Row[]> {
  const people = await makePeople(server);
  const feeds = await openFeeds(people, clients);
  const [{ proxied, direct }] = people as [Person, ...Person[]];
  await writeToListener(proxied, 50);
  await writeToListener(direct, 50);
  const baseline = median(await writeToListener(direct, 200));
  const ours = median(await writeToListener(proxied, 200));
  feeds.close();
  return [ratioRow(`write to listener beside ${clients} idle clients, p50`, ours, baseline, 1.3)];
}

async function makePeople(server: ServerProcess): Promise<Person[]> {
  const people: Person[] = [];
  for (let index = 0; index < peopleCount; index += 1) people.push(await newPerson(server));
  return people;
}

async function settled(proxy: ServerProcess): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 3000));
  return proxy.residentBytes();
}

/** Feeds of everybody but the first person, who is the one that writes. */
async function openFeeds(people: Person[], count: number): Promise<{ close(): void }> {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const others = people.slice(1);
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      openFeed((others[index % others.length] as Person).proxied, agent),
    ),
  );
  return { close: () => agent.destroy() };
}

function openFeed(endpoint: Endpoint, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const feed = request(
      `${endpoint.url}/_changes?feed=continuous&since=now&heartbeat=30000`,
      { agent, headers: { authorization: endpoint.authorization } },
      (answer) => {
        answer.resume();
        answer.on('error', () => undefined);
        if (answer.statusCode === 200) resolve();
        else reject(new Error(`feed: ${answer.statusCode}`));
      },
    );
    feed.on('error', reject);
    feed.end();
  });
}
