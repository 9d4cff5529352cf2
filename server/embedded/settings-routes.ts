import { jsonBody, sendJson, type Call } from './call.ts';
import { badRequest } from './couch-error.ts';
import type { Database } from './database.ts';
import { isObject } from './document-checks.ts';
import { assertDatabaseAdmin } from './user-context.ts';

const highestRevsLimit = 5000;

function checkNames(value: unknown): void {
  if (value === undefined) return;
  if (!isObject(value)) throw badRequest('admins and members must be objects');
  for (const key of ['names', 'roles']) {
    const list = value[key];
    if (list === undefined) continue;
    if (!Array.isArray(list) || !list.every((name) => typeof name === 'string'))
      throw badRequest(`${key} must be a JSON list of strings`);
  }
}

/** Reads or sets the security object. */
export async function security(call: Call, database: Database): Promise<void> {
  if (call.method !== 'PUT') return sendJson(call, 200, (await database.settings()).security);
  assertDatabaseAdmin(call.user, (await database.settings()).security);
  const { value } = await jsonBody(call);
  if (!isObject(value)) throw badRequest('The security object must be a JSON object');
  checkNames(value.admins);
  checkNames(value.members);
  await database.saveSettings({ security: value });
  sendJson(call, 200, { ok: true });
}

/** Reads or sets how many revisions a document remembers. */
export async function revsLimit(call: Call, database: Database): Promise<void> {
  const settings = await database.settings();
  if (call.method !== 'PUT') return sendJson(call, 200, settings.revsLimit);
  assertDatabaseAdmin(call.user, settings.security);
  const { value } = await jsonBody(call);
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > highestRevsLimit) {
    throw badRequest(`revs_limit must be a whole number from 1 to ${highestRevsLimit}`);
  }
  await database.saveSettings({ revsLimit: value as number });
  sendJson(call, 200, { ok: true });
}
