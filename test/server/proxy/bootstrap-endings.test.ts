import { describe, expect, it } from 'vitest';
import type { ProxyOptions } from '../../../server/proxy/proxy.ts';
import type { RevocationListener } from '../../../server/spaces/revocations.ts';
import { useSettee } from '../../support/use-settee.ts';
import { eventually, registerPersonal, startProxy, type PersonalAccount } from './personal-account.ts';
import { linesOf } from './bootstrap-lines.ts';
import { startScriptedEngine } from './scripted-engine.ts';

const settee = useSettee();

describe('a bootstrap stream that ends early', () => {
  /** An engine whose second answer with documents never ends. */
  async function startStalling(changes: Partial<ProxyOptions> = {}) {
    let answers = 0;
    const docs = (from: number): object[] =>
      Array.from({ length: 50 }, (_, n) => {
        const _id = `flow:${from + n}`;
        return { id: _id, docs: [{ ok: { _id, _rev: '1-a', _revisions: { start: 1, ids: ['a'] } } }] };
      });
    const engine = await startScriptedEngine((request, response) => {
      const url = request.url ?? '';
      const reply = (value: unknown): void => void response.end(JSON.stringify(value));
      if (url.includes('_changes')) {
        const from = Number(new URL(url, 'http://engine').searchParams.get('since'));
        const results = Array.from({ length: 50 }, (_, n) => ({
          seq: from + n + 1,
          id: `flow:${from + n}`,
          changes: [{ rev: '1-a' }],
        }));
        return reply({ results, last_seq: from + 50, pending: 1000 });
      }
      if (!url.includes('_bulk_get')) return reply({ update_seq: 1050 });
      answers += 1;
      if (answers === 1) return reply({ results: docs(0) });
      const text = JSON.stringify({ results: docs(50) });
      response.write(text.slice(0, text.length / 2));
    });
    const couch = { ...settee.services.couch, origin: engine.origin };
    const over = await startProxy(settee, { couch, ...changes });
    const account = await registerPersonal(settee, over.url);
    return {
      over,
      engine,
      account,
      async stop() {
        await over.stop();
        await engine.close();
      },
    };
  }

  /** Reads until the first page has come, then calls `then`, then reads what is left. */
  async function readAround(
    account: PersonalAccount,
    then: () => void,
  ): Promise<{ text: string; cut: boolean }> {
    const answer = await account.own('/_bootstrap?limit=50');
    const decoder = new TextDecoder();
    let text = '';
    let isAsked = false;
    try {
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true });
        if (!isAsked && text.includes('"page":1,')) {
          isAsked = true;
          then();
        }
      }
    } catch {
      return { text, cut: true };
    }
    return { text, cut: false };
  }

  it('breaks off where the membership ends', async () => {
    let revoke: RevocationListener = () => {};
    const { spaces } = settee.services;
    const stalling = await startStalling({
      spaces: {
        ...spaces,
        onRevoked(listener) {
          revoke = listener;
          return () => {};
        },
      },
    });
    const { account } = stalling;
    const userId = account.user.id;
    const read = await readAround(
      account,
      () => void revoke({ spaceId: userId, userId, database: account.database, end: 'membership_ended' }),
    );
    expect(read.cut).toBe(true);
    expect(read.text).not.toContain('done');
    await stalling.stop();
  });

  it('ends without its last line where the token expires, and the pages before are whole', async () => {
    const { auth } = settee.services;
    const stalling = await startStalling({
      limits: { expiryGraceMilliseconds: 0 },
      auth: {
        ...auth,
        authenticate: async (authorization) => ({
          ...(await auth.authenticate(authorization)),
          expiresAt: Date.now() / 1000 + 1,
        }),
      },
    });
    const read = await readAround(stalling.account, () => {});
    expect(read.cut).toBe(false);
    const whole = read.text.slice(0, read.text.lastIndexOf('\n') + 1);
    expect(linesOf(whole)).toMatchObject([{ pending: 1050 }, { page: 1 }]);
    await stalling.stop();
  });

  it('ends at once when the server stops', async () => {
    const stalling = await startStalling();
    let stopped: Promise<void> = Promise.resolve();
    const read = await readAround(stalling.account, () => {
      stopped = stalling.over.proxy.close({ waitMilliseconds: 60_000 });
    });
    await stopped;
    expect(read.text).toContain('"page":1,');
    await stalling.stop();
  });

  it('breaks off where the engine does, and is counted no more', async () => {
    const stalling = await startStalling({ limits: { requestsPerUser: 1 } });
    const read = await readAround(stalling.account, () => void stalling.engine.close());
    expect(read.cut).toBe(true);
    await eventually(async () => expect((await stalling.account.own('')).status).toBe(503), 3000);
    await stalling.over.stop();
  });
});
