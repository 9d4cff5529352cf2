import type { Row } from '../table.ts';
import { startCountingRelay, type Count, type CountingRelay } from './counting-relay.ts';
import { openPair, type Library, type Pair } from './pair.ts';
import { createTeam } from './team.ts';

const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** What an opening or an edit leaves to be done is done by then. */
const settleSeconds = 8;
const idleSeconds = 60;
const edits = 10;
/** An autosave waits for two quiet seconds. */
const editSeconds = 3;
/** Until checkpoints of the last edit are written. */
const afterEditsSeconds = 35;
/** A browser looks at everything so often, whatever it is told. */
const looksPerMinute = 1 / 5;

/** What one library in two browsers sends and receives. */
interface Traffic {
  idle: Idle;
  writer: PerEdit;
  reader: PerEdit;
}

interface Idle {
  connections: number;
  /** A minute, of what is held open alone, and with what is looked at now and then. */
  streamBytes: number;
  bytes: number;
}

interface PerEdit {
  bytes: number;
  requests: number;
}

async function measureIdle(relay: CountingRelay, pair: Pair): Promise<Idle> {
  const start = relay.count();
  await sleep(idleSeconds);
  const end = relay.count();
  const streamBytes = ((end.bytes - start.bytes) * 60) / idleSeconds;
  const lookBytes = (await measureLook(relay, pair)) * looksPerMinute;
  return { connections: end.connections, streamBytes, bytes: streamBytes + lookBytes };
}

async function measureLook(relay: CountingRelay, { browsers }: Pair): Promise<number> {
  const [, reader] = browsers;
  const { bytes } = relay.count();
  await reader.look?.();
  return relay.count().bytes - bytes;
}

function perEdit(before: Count, after: Count): PerEdit {
  return {
    bytes: (after.bytes - before.bytes) / edits,
    requests: (after.requests.length - before.requests.length) / edits,
  };
}

async function measure(library: Library, url: string, spaceCount: number): Promise<Traffic> {
  const team = await createTeam(url, spaceCount);
  const relays = [await startCountingRelay(url), await startCountingRelay(url)] as const;
  const [a, b] = relays;
  const pair = await openPair(library, [a.url, b.url], team);
  await sleep(settleSeconds);
  const idle = await measureIdle(b, pair);
  await sleep(settleSeconds);
  const before = relays.map((relay) => relay.count()) as [Count, Count];
  for (let number = 0; number < edits; number += 1) {
    await pair.edit(number);
    await sleep(editSeconds);
  }
  await sleep(afterEditsSeconds);
  const [writer, reader] = [perEdit(before[0], a.count()), perEdit(before[1], b.count())];
  await pair.close();
  await Promise.all(relays.map((relay) => relay.close()));
  return { idle, writer, reader };
}

/** Connections and bytes of an idle browser and of an edit, counted at a relay of each browser's own. */
export async function traffic(url: string, spaceCounts: number[]): Promise<Row[]> {
  // Nothing here is a time: all of it may run at once.
  const measured = await Promise.all(
    spaceCounts.map(async (count) => {
      const libraries = ['client-sync', 'PouchDB'] as const;
      const [ours, plain] = await Promise.all(libraries.map((library) => measure(library, url, count)));
      return { count, ours: ours as Traffic, plain: plain as Traffic };
    }),
  );
  return measured.flatMap(({ count, ours, plain }) => {
    const row = (what: string, of: (traffic: Traffic) => number, format: Format, aim = '-'): Row => ({
      what: `${what}, ${count} ${count === 1 ? 'space' : 'spaces'}`,
      ours: format(of(ours)),
      baseline: format(of(plain)),
      ratio: (of(ours) / of(plain)).toFixed(2),
      aim,
    });
    return [
      row('connections of an idle browser', ({ idle }) => idle.connections, String, '≤ 1'),
      row('bytes a minute of what an idle browser holds open', ({ idle }) => idle.streamBytes, bytes),
      row('the same with a look every five minutes', ({ idle }) => idle.bytes, bytes),
      row('requests an edit, writer', ({ writer }) => writer.requests, oneDigit),
      row('requests an edit, reader', ({ reader }) => reader.requests, oneDigit),
      row('bytes an edit, writer', ({ writer }) => writer.bytes, bytes),
      row('bytes an edit, reader', ({ reader }) => reader.bytes, bytes),
    ];
  });
}

type Format = (value: number) => string;

const oneDigit: Format = (value) => value.toFixed(1);
const bytes: Format = (value) => (value >= 10_000 ? `${(value / 1000).toFixed(1)} kB` : value.toFixed(0));
