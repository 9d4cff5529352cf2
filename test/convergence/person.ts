import { randomUUID } from 'node:crypto';
import type { RestAnswer } from '../support/rest-client.ts';
import type { WireRecord } from './wire-record.ts';

/** A user with a session of his own for REST, beside those of his devices. */
export interface Person {
  id: string;
  email: string;
  password: string;
  /** Calls the REST interface on a network that works; `target` is `METHOD /path`. Null where no answer came. */
  call: (target: string, body?: unknown) => Promise<Answer | null>;
}

export interface Answer {
  status: number;
  body: RestAnswer['body'];
}

const password = 'a sofa for two';

async function post(url: string, body: unknown): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}

/** Makes an account. What its calls are answered is recorded like every other delivery. */
export async function registerPerson(url: string, record: WireRecord): Promise<Person> {
  const email = `${randomUUID()}@example.org`;
  const { status, body } = await post(`${url}/api/auth/register`, { email, password });
  if (status !== 201) throw new Error(`Registering answered ${status}: ${JSON.stringify(body)}`);
  const { accessToken, user } = body as { accessToken: string; user: { id: string } };
  const send = async (target: string, json: unknown): Promise<Answer> => {
    const [method = 'GET', path = '/'] = target.split(' ');
    const sentAt = Date.now();
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    const { status: code } = answer;
    const delivery = record.begin({ userId: user.id, device: 'REST', request: target, sentAt, status: code });
    const text = await answer.text();
    delivery.parts.push({ text, at: Date.now() });
    return { status: code, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
  };
  return {
    id: user.id,
    email,
    password,
    call: (target, json) => send(target, json).catch(() => null),
  };
}
