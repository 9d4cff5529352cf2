import { Agent, request } from 'node:http';
import { smallDocuments } from './documents.ts';
import { newPerson, type Person } from './people.ts';
import type { ServerProcess } from './servers.ts';
import { milliseconds, percentile, type Row } from './table.ts';

const streamCount = 2000;
const peopleCount = 50;
/** Open before the first reading, so that what the first streams load and compile is not counted. */
const warmStreams = 200;
const hintedWrites = 200;

/** What 2,000 idle streams cost a process that is the proxy alone, and how long a hint takes beside them. */
export async function idleStreams(proxy: ServerProcess): Promise<Row[]> {
  const people: Person[] = [];
  for (let index = 0; index < peopleCount; index += 1) people.push(await newPerson(proxy));
  const warm = await openStreams(proxy, people, warmStreams);
  await measureHints(proxy, people[0] as Person, 50);
  const before = await settled(proxy);
  const streams = await openStreams(proxy, people, streamCount);
  const after = await settled(proxy);
  const times = await measureHints(proxy, people[0] as Person, hintedWrites);
  streams.close();
  warm.close();
  const each = (after - before) / streamCount / 1024;
  return [
    row(`memory a stream, ${streamCount} idle streams`, `${each.toFixed(1)} kB`, '≤ 20 kB'),
    row(`write to hint beside ${streamCount} idle streams, p50`, milliseconds(percentile(times, 50)), '-'),
    row(`write to hint beside ${streamCount} idle streams, p95`, milliseconds(percentile(times, 95)), '-'),
  ];
}

function row(what: string, ours: string, aim: string): Row {
  return { what, ours, baseline: '-', ratio: '-', aim };
}

async function settled(proxy: ServerProcess): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 5000));
  return proxy.residentBytes();
}

/** Streams of everybody but the first person, who is the one that writes. */
async function openStreams(
  proxy: ServerProcess,
  people: Person[],
  count: number,
): Promise<{ close(): void }> {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const others = people.slice(1);
  const atOnce = 50;
  for (let start = 0; start < count; start += atOnce) {
    await Promise.all(
      Array.from({ length: Math.min(atOnce, count - start) }, (_, index) => {
        const person = others[(start + index) % others.length] as Person;
        return openStream(proxy, person, { agent, onText: () => {} });
      }),
    );
  }
  return { close: () => agent.destroy() };
}

/** Resolves with the first event. */
function openStream(
  proxy: ServerProcess,
  { token }: Person,
  { agent, onText }: { agent: Agent; onText: (text: string) => void },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
    const stream = request(`${proxy.url}/live`, { agent, headers }, (answer) => {
      answer.setEncoding('utf8');
      answer.on('error', () => undefined);
      if (answer.statusCode !== 200) return reject(new Error(`/live: ${answer.statusCode}`));
      answer.on('data', (text: string) => {
        onText(text);
        resolve();
      });
    });
    stream.on('error', reject);
    stream.end();
  });
}

/** Milliseconds from the start of a write to its hint at a stream of the same person, once per write. */
async function measureHints(proxy: ServerProcess, person: Person, writes: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  let found = (_at: number): void => {};
  await openStream(proxy, person, {
    agent,
    onText(text) {
      if (text.includes('event: hint')) found(performance.now());
    },
  });
  const times: number[] = [];
  for (const document of smallDocuments(writes) as { _id: string }[]) {
    const hinted = new Promise<number>((resolve) => (found = resolve));
    const start = performance.now();
    const answer = await fetch(`${person.proxied.url}/${encodeURIComponent(document._id)}`, {
      method: 'PUT',
      headers: { authorization: person.proxied.authorization, 'content-type': 'application/json' },
      body: JSON.stringify(document),
    });
    if (!answer.ok) throw new Error(`PUT: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
    times.push((await hinted) - start);
    // Past the pause between two hints of a database: one write each is what is measured.
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  agent.destroy();
  return times;
}
