import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { rest } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';
import { newCaller } from './team.ts';

const settee = useSettee();

/** The names of all events that the server writes. */
async function eventNames(): Promise<string[]> {
  const folder = new URL('../../../server/live/', import.meta.url);
  const sources = await Promise.all(
    (await readdir(folder)).map((name) => readFile(new URL(name, folder), 'utf8')),
  );
  const written = sources.flatMap((text) => [
    ...text.matchAll(/eventText\(\s*(?:[\w.]+ \? )?'(\w+)'(?: : '(\w+)')?/g),
  ]);
  return [...new Set(written.flatMap(([, ...names]) => names.filter((name) => name !== undefined)))];
}

test('the description names the stream of events, with every event', async () => {
  const { body } = await rest(settee.url, 'GET /api/openapi.json');
  const { get } = body.paths['/live'];
  expect(get).toMatchObject({
    security: [{ bearer: [] }],
    parameters: [{ name: 'lastEventId', in: 'query' }],
  });
  const { description, content } = get.responses[200];
  const names = await eventNames();
  expect(names.length).toBeGreaterThan(5);
  for (const name of [...names, 'granted', 'role', 'revoked']) expect(description).toContain(`\`${name}\``);
  const { accessToken } = await newCaller(settee);
  const stream = new AbortController();
  const headers = { authorization: `Bearer ${accessToken}` };
  const answer = await fetch(`${settee.url}/live`, { headers, signal: stream.signal });
  expect(Object.keys(content)).toEqual([answer.headers.get('content-type')?.split(';')[0]]);
  stream.abort();
  for (const method of ['POST', 'PUT']) {
    const { status } = await fetch(`${settee.url}/live`, { method, headers });
    expect(get.responses).toHaveProperty(String(status));
  }
});
