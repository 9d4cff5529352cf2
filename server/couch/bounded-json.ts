/** The body went over the limit; the connection was given up and nothing of it was kept. */
export class OversizeError extends Error {
  constructor(limit: number) {
    super(`The answer is longer than ${limit} bytes.`);
    this.name = 'OversizeError';
  }
}

/** Reads a JSON body of `limit` bytes at most; throws OversizeError beyond, SyntaxError where it is no JSON. */
export async function readJson(response: Response, limit: number): Promise<unknown> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    // Leaving the loop by a throw cancels the stream.
    if (length > limit) throw new OversizeError(limit);
    parts.push(decoder.decode(chunk, { stream: true }));
  }
  return JSON.parse(parts.join('')) as unknown;
}
