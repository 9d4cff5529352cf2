import { afterEach, describe, expect, it } from 'vitest';
import { createStreamingFetch } from '../../client-sync/bootstrap/streaming-fetch.ts';
import type { LiveEvent } from '../../client-sync/live/live-event.ts';
import { createOpenStream } from '../../client-sync/live/open-stream.ts';
import { createLiveStream, type LiveStream, type StreamState } from '../../client-sync/live/stream.ts';
import { SignedOutError } from '../../client-sync/errors.ts';
import { startScriptedStream, type ScriptedStream, type StreamRequest } from './scripted-stream.ts';

const hello = { bootId: 'b', heartbeatSeconds: 15, spaces: [] };

describe('the stream of a browser', () => {
  const servers: ScriptedStream[] = [];
  const streams: LiveStream[] = [];
  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.close();
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
  const serve = async (
    answer: (request: StreamRequest, index: number) => void,
    options: { headers?: boolean } = {},
  ) => {
    const server = await startScriptedStream(answer, options);
    servers.push(server);
    return server;
  };
  /** Follows a server and notes what it hears; tokens are counted up. */
  const follow = (
    url: string,
    options: {
      renewIn?: () => number;
      token?: (rejected?: string) => Promise<string>;
      hello?: number;
      pauseAfter?: (failures: number) => number;
    } = {},
  ) => {
    let count = 1;
    const token =
      options.token ??
      ((rejected?: string) => {
        if (rejected === `token-${count}`) count += 1;
        return Promise.resolve(`token-${count}`);
      });
    const fetcher = createStreamingFetch({
      fetcher: fetch,
      renewal: { token },
      retryAfter: { learn: () => {}, remaining: () => 0 },
      deviceId: 'device',
    });
    const heard: LiveEvent[] = [];
    const states: StreamState[] = [];
    const stream = createLiveStream({
      open: createOpenStream(fetcher, url),
      renew: async () => token(`token-${count}`),
      renewIn: options.renewIn ?? (() => 600_000),
      onEvent: (event) => heard.push(event),
      onState: (state) => states.push(state),
      pauseAfter: options.pauseAfter ?? (() => 5),
      random: () => 0,
      helloMilliseconds: options.hello ?? 5_000,
    });
    streams.push(stream);
    return { stream, heard, states, types: () => heard.map(({ type }) => type) };
  };

  it('says when it is open, and hands on what comes', async () => {
    const server = await serve((request) => {
      request.send('hello', hello, 'b-1');
      request.send('hint', { space: 's', database: 'd' }, 'b-2');
    });
    const { stream, heard, types } = follow(server.url);
    await expect.poll(types).toEqual(['hello', 'hint']);
    expect(heard[1]).toEqual({ type: 'hint', space: 's', database: 'd' });
    expect(stream.state()).toBe('open');
    expect(server.requests[0]).toMatchObject({ token: 'token-1', lastEventId: undefined });
  });

  it('goes on after the last event where its connection breaks', async () => {
    const server = await serve((request, index) => {
      if (index > 0) return request.send('resumed', {}, 'b-3');
      request.send('hello', hello, 'b-1');
      request.send('hint', { space: 's', database: 'd' }, 'b-2');
      // A heartbeat says which event was the last, though it was not for this browser.
      request.write(': \nid: b-7\n\n');
      setTimeout(request.cut, 20);
    });
    const { types, states } = follow(server.url);
    await expect.poll(types).toEqual(['hello', 'hint', 'resumed']);
    expect(server.requests[1]?.lastEventId).toBe('b-7');
    expect(states).toEqual(['open', 'broken', 'open']);
  });

  it('counts as broken where no heartbeat comes', async () => {
    const server = await serve((request, index) => {
      request.send(index === 0 ? 'hello' : 'resumed', { ...hello, heartbeatSeconds: 0.2 }, 'b-1');
      // The second one lives, by comments alone.
      const beat = index === 0 ? undefined : setInterval(() => request.write(':\n'), 20);
      request.response.on('close', () => clearInterval(beat));
    });
    const { states } = follow(server.url);
    await expect.poll(() => states).toEqual(['open', 'broken', 'open']);
    expect(server.requests[0]?.isClosed()).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(server.requests).toHaveLength(2);
  });

  it('changes over to a new token before the old one ends, and stays open', async () => {
    const renewals = [30, 600_000];
    const server = await serve((request, index) => request.send(index ? 'resumed' : 'hello', hello, 'b-1'));
    const { states, types } = follow(server.url, { renewIn: () => renewals.shift() ?? 600_000 });
    await expect.poll(types).toEqual(['hello', 'resumed']);
    expect(server.requests.map(({ token }) => token)).toEqual(['token-1', 'token-2']);
    expect(server.requests[1]?.lastEventId).toBe('b-1');
    expect(states).toEqual(['open']);
    await expect.poll(() => server.requests[0]?.isClosed()).toBe(true);
  });

  it('renews at once where the server announces the end and its own clock does not', async () => {
    const server = await serve((request, index) => {
      request.send(index ? 'resumed' : 'hello', hello, 'b-1');
      if (index === 0) request.send('expiring', { at: new Date().toISOString() });
    });
    const { types } = follow(server.url);
    await expect.poll(types).toEqual(['hello', 'expiring', 'resumed']);
    expect(server.requests[1]?.token).toBe('token-2');
  });

  it('asks for a new token where the server refuses the old one', async () => {
    const server = await serve(
      (request, index) => {
        request.response.writeHead(index === 0 ? 401 : 200, { 'content-type': 'text/event-stream' });
        if (index === 0) request.end();
        else request.send('hello', hello, 'b-1');
      },
      { headers: false },
    );
    const { types } = follow(server.url);
    await expect.poll(types).toEqual(['hello']);
    expect(server.requests.map(({ token }) => token)).toEqual(['token-1', 'token-2']);
  });

  it('ends for good where the session is over', async () => {
    const server = await serve(() => {});
    const { states } = follow(server.url, { token: () => Promise.reject(new SignedOutError()) });
    await expect.poll(() => states).toEqual(['signed-out']);
    expect(server.requests).toEqual([]);
  });

  it('waits as the server advises where it shuts down, and is not broken by it', async () => {
    const times: number[] = [];
    const server = await serve((request, index) => {
      times.push(performance.now());
      request.send('hello', { ...hello, bootId: String(index) }, `${index}-1`);
      if (index > 0) return;
      request.send('shutdown', { retryMilliseconds: 400 });
      request.end();
    });
    const { types, states } = follow(server.url);
    await expect.poll(types).toEqual(['hello', 'shutdown', 'hello']);
    expect((times[1] as number) - (times[0] as number)).toBeGreaterThan(190);
    expect(states).toEqual(['open']);
  });

  it.each([
    ['has no such address', (request: StreamRequest) => request.response.writeHead(404).end('{}')],
    ['answers with a page', (request: StreamRequest) => request.response.writeHead(200).end('<html>')],
    [
      'holds events back',
      (request: StreamRequest) => {
        request.response.writeHead(200, { 'content-type': 'text/event-stream' });
        request.write(': comments are no events\n');
      },
    ],
    ['says nothing at all', () => {}],
  ])('is unavailable where what stands there %s', async (_what, answer) => {
    const server = await serve(answer, { headers: false });
    const { stream, states } = follow(server.url, { hello: 150 });
    await expect.poll(() => states).toEqual(['unavailable']);
    const asked = server.requests.length;
    stream.retry();
    await expect.poll(() => server.requests.length).toBe(asked + 1);
  });

  it('is asked for more and more seldom where the server sends everybody away at once', async () => {
    const server = await serve((request) => {
      request.send('hello', hello, 'b-1');
      request.send('shutdown', { retryMilliseconds: 0 });
      request.end();
    });
    const pauses: number[] = [];
    const { stream } = follow(server.url, {
      pauseAfter: (failures) => {
        pauses.push(failures);
        return failures < 4 ? 1 : 60_000;
      },
    });
    await expect.poll(() => pauses).toEqual([1, 2, 3, 4]);
    expect(server.requests).toHaveLength(4);
    expect(stream.state()).toBe('unavailable');
  });

  it('is unavailable where it opens and breaks again and again, until it lasts', async () => {
    let isWell = false;
    const server = await serve((request) => {
      request.send('hello', hello, 'b-1');
      if (!isWell) setTimeout(request.cut, 5);
    });
    const { states } = follow(server.url);
    await expect.poll(() => states).toContain('unavailable');
    isWell = true;
    await expect.poll(() => states.at(-1)).toBe('open');
  });

  it('is tried again when the server was heard, once a pause, and not where none can be had', async () => {
    let status = 502;
    const server = await serve(({ response }) => void response.writeHead(status).end(), { headers: false });
    const pauses = [5];
    const { stream } = follow(server.url, { pauseAfter: () => pauses.shift() ?? 3_600_000 });
    await expect.poll(() => server.requests.length).toBe(2);
    await expect.poll(stream.state).toBe('broken');
    const hurried = async (count: number) => {
      await expect.poll(() => (stream.hurry(), server.requests.length)).toBe(count);
    };
    await hurried(3);
    await expect.poll(stream.state).toBe('unavailable');
    for (let times = 0; times < 20; times += 1) {
      stream.hurry();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(server.requests).toHaveLength(3);
    stream.retry();
    await hurried(5);
    status = 404;
    stream.retry();
    await expect.poll(() => server.requests.length).toBe(6);
    stream.hurry();
    expect(server.requests).toHaveLength(6);
  });
});
