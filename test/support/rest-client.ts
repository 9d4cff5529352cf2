/** An answer with its body read as JSON, or null where there is none. */
export interface RestAnswer {
  status: number;
  headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  body: any;
}

export interface RestCall {
  token?: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is; name its type in `headers`. */
  raw?: string;
  headers?: Record<string, string>;
}

/** Makes one REST call; `target` is `METHOD /path`. */
export async function rest(url: string, target: string, call: RestCall = {}): Promise<RestAnswer> {
  const [method = 'GET', path = '/'] = target.split(' ');
  const answer = await fetch(url + path, {
    method,
    headers: {
      ...(call.token === undefined ? {} : { authorization: `Bearer ${call.token}` }),
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...call.headers,
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    ...(call.raw === undefined ? {} : { body: call.raw }),
  });
  const text = await answer.text();
  const isJson = /[/+]json\b/.test(answer.headers.get('content-type') ?? '');
  return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text || null };
}

/** Status and code of an answer, for short comparisons: `401 session_ended`. */
export function outcome({ status, body }: RestAnswer): string {
  return body?.code === undefined ? String(status) : `${status} ${body.code}`;
}

/** Repeats until the condition holds; fails after the time. */
export async function eventually(
  condition: () => Promise<boolean> | boolean,
  milliseconds = 10_000,
): Promise<void> {
  const end = Date.now() + milliseconds;
  for (;;) {
    if (await condition()) return;
    if (Date.now() > end) throw new Error('It did not come to pass.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
