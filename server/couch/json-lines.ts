/** Parses a stream of JSON values, one a line; empty lines are heartbeats. `onData` is called for every chunk. */
export async function* jsonLines(body: ReadableStream<Uint8Array>, onData: () => void): AsyncGenerator {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    onData();
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as unknown;
  }
}
