import { describe, expect, it } from 'vitest';
import type { Environment } from '../../client-sync/index.ts';
import { createFaults } from './faulty-memory.ts';
import { names } from './space-members.ts';
import { graph, newEmail, password, patient, useBrowsers } from './use-browsers.ts';

describe('changing over from one person to another', () => {
  const { open } = useBrowsers();

  it('sends nothing of the first to the second, whatever happens on the way', async () => {
    const listeners = new Set<(change: 'visible' | 'focus') => void>();
    const environment: Partial<Environment> = {
      locks: null,
      isVisible: () => true,
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const faults = createFaults();
    const a = await open({ environment, adapter: faults.adapter });
    await a.settee.account.register({ email: newEmail(), password });
    await a.settee.flows.save({ name: 'secret of the first', flow: graph });
    await a.settee.executions.start({ flowId: 'secret' });
    await a.settee.sync.now();
    faults.onWrite(() => {
      for (const listener of listeners) listener('visible');
      return undefined;
    });
    const email = newEmail();
    await a.settee.account.register({ email, password });
    faults.onWrite(null);
    await a.settee.flows.save({ name: 'of the second', flow: graph });
    await a.settee.sync.now();
    const b = await open();
    await b.settee.account.signIn({ email, password });
    await expect.poll(() => names(b), patient).toEqual(['of the second']);
    await b.settee.sync.now();
    expect((await b.settee.executions.list()).total).toBe(0);
    expect(await names(a)).toEqual(['of the second']);
  });

  it('shows nothing of what the first had not sent, and how sync of the second goes', async () => {
    const a = await open();
    await a.settee.account.register({ email: newEmail(), password });
    await a.settee.sync.now();
    a.network.intercept((url) =>
      url.includes('_bulk_docs') ? Promise.reject(new TypeError('lost')) : undefined,
    );
    await a.settee.flows.save({ name: 'of the first', flow: graph });
    const status = () => a.settee.status.get();
    await expect.poll(() => status().pending.push, patient).toBe(1);
    a.network.intercept(null);
    await a.settee.account.register({ email: newEmail(), password });
    const userId = a.settee.account.current()?.user.id ?? '';
    await expect.poll(status, patient).toMatchObject({ state: 'up-to-date', pending: { push: 0 } });
    expect(Object.keys(status().spaces)).toEqual([userId]);
  });

  it('makes no flow of the second from what was read as the first', async () => {
    const a = await open();
    await a.settee.account.register({ email: newEmail(), password });
    const { id, revision } = await a.settee.flows.save({ name: 'secret of the first', flow: graph });
    await a.settee.sync.now();
    await a.settee.account.register({ email: newEmail(), password });
    const late = { id, ...(revision === undefined ? {} : { revision }), name: 'saved late', flow: graph };
    await expect(a.settee.flows.save(late)).rejects.toMatchObject({ code: 'flow_not_found' });
    expect(await names(a)).toEqual([]);
  });
});
