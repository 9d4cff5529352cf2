import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRinging } from '../../client-sync/replication/ringing.ts';
import { createSettling } from '../../client-sync/replication/settling.ts';

describe('a space comes to rest', () => {
  const open = () => {
    let told = 0;
    const state = { isWaiting: false };
    const settling = createSettling(
      () => state.isWaiting,
      () => (told += 1),
    );
    return { ...settling, state, told: () => told };
  };

  it('when a pull that began after the last push has ended, and not before', () => {
    const { told, ...settling } = open();
    settling.pullBegins();
    settling.moved('push');
    settling.ended('push');
    settling.ended('pull');
    expect(told()).toBe(0);
    settling.pullBegins();
    settling.ended('pull');
    expect(told()).toBe(1);
  });

  it('once for all that was moved, and not while something waits', () => {
    const { told, state, ...settling } = open();
    const pull = () => {
      settling.pullBegins();
      settling.ended('pull');
    };
    pull();
    pull();
    expect(told()).toBe(1);
    settling.moved('pull');
    state.isWaiting = true;
    pull();
    expect(told()).toBe(1);
    state.isWaiting = false;
    pull();
    expect(told()).toBe(2);
  });

  it('not by a pull that failed', () => {
    const { told, ...settling } = open();
    settling.moved('push');
    settling.pullBegins();
    settling.pullFails();
    settling.ended('push');
    expect(told()).toBe(0);
    settling.pullBegins();
    settling.ended('pull');
    expect(told()).toBe(1);
  });
});

describe('a hint', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const open = (arrivals: number[]) => {
    const ending = new AbortController();
    let pulls = 0;
    const ringing = createRinging(async () => {
      ringing.seen(arrivals[pulls] ?? 0);
      pulls += 1;
    }, ending.signal);
    return { ...ringing, ending, pulls: () => pulls };
  };

  it('is one pull where something comes', async () => {
    const { ring, pulls } = open([1]);
    ring();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(pulls()).toBe(1);
  });

  it('is followed up after 1 s and 5 s where nothing comes, and no more', async () => {
    const { ring, pulls } = open([]);
    ring();
    await vi.advanceTimersByTimeAsync(900);
    expect(pulls()).toBe(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(pulls()).toBe(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(pulls()).toBe(3);
  });

  it('begins anew with the next one, and ends with the sync', async () => {
    const { ring, pulls, ending } = open([0, 0, 0, 0, 0, 0]);
    ring();
    await vi.advanceTimersByTimeAsync(500);
    ring();
    await vi.advanceTimersByTimeAsync(1_100);
    expect(pulls()).toBe(3);
    ending.abort();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(pulls()).toBe(3);
  });
});
