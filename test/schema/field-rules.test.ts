import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { limits } from '../../schema/index.ts';
import { defaultLimits as embeddedLimits } from '../../server/embedded/limits.ts';
import { jsonBodyBytes } from '../../server/http/json-body.ts';
import { defaultLimits as proxyLimits } from '../../server/proxy/limits.ts';

it('lets nothing through the proxy that an engine or the body parser would refuse for its size', async () => {
  const ini = await readFile(new URL('../../couchdb.ini', import.meta.url), 'utf8');
  const inCouch = Number(/^max_document_size = (\d+)$/m.exec(ini)?.[1]);
  expect(proxyLimits.documentBytes).toBe(limits.documentBytes);
  const couchDefault = 8_000_000;
  for (const behind of [couchDefault, inCouch, embeddedLimits.documentBytes, jsonBodyBytes]) {
    expect(behind).toBeGreaterThanOrEqual(limits.documentBytes);
  }
});
