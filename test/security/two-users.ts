import { randomUUID } from 'node:crypto';
import { makeVersion } from '../../flow/index.ts';
import { monthOf, runsDatabase } from '../../schema/index.ts';
import { makeExecutions } from '../support/executions.ts';
import { makeFlowDocuments } from '../support/flows.ts';
import type { TestSettee } from '../support/settee.ts';
import { registerPersonal, type PersonalAccount } from '../server/proxy/personal-account.ts';

/** A has data in every place that Settee has, and `secret` in each; B is somebody else. */
export interface TwoUsers {
  a: PersonalAccount;
  b: PersonalAccount;
  /** Documents' ids. */
  flow: string;
  version: string;
  execution: string;
  /** A's runs database of this month. */
  runs: string;
  secret: string;
}

async function store(answer: Promise<Response>): Promise<void> {
  const got = await answer;
  const text = await got.text();
  if (!got.ok || text.includes('"error"')) throw new Error(`The set-up was refused: ${got.status} ${text}`);
}

export async function registerTwoUsers(settee: TestSettee): Promise<TwoUsers> {
  const [a, b] = [await registerPersonal(settee), await registerPersonal(settee)];
  const secret = `secret-${randomUUID()}`;
  const month = monthOf(new Date());
  const runs = runsDatabase(a.database, month);
  const [made] = makeFlowDocuments({ seed: 1, count: 1, size: 3000 });
  const [execution] = makeExecutions({ seed: 1, count: 1, month });
  if (!made || !execution) throw new Error('nothing was made');
  const flow = { ...made, name: secret };
  const version = makeVersion(flow);
  const attachment = { 'a.txt': { content_type: 'text/plain', data: btoa(secret) } };
  await store(a.own(`/${flow._id}`, { method: 'PUT', json: { ...flow, _attachments: attachment } }));
  await store(a.own(`/${version._id}`, { method: 'PUT', json: version }));
  const run = { ...execution, flowName: secret, flowId: flow._id.slice('flow:'.length) };
  await store(a.ask(`/${runs}/${run._id}`, { method: 'PUT', json: run }));
  return { a, b, flow: flow._id, version: version._id, execution: run._id, runs, secret };
}
