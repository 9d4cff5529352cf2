import { assertMember } from './space-end.ts';

/**
 * Turns errors that PouchDB cannot read into such as it can. It takes every answer for JSON; a page of HTML comes from
 * something between us and the server, which may say that a request is too large; whatever else it says is about the
 * way there and not about a document. And PouchDB copies errors by their own properties, of which a DOMException has
 * none.
 */
export function readableErrors(fetcher: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await fetcher(input, init).catch((error: unknown) => {
      throw isTimeout(error) ? new Error(error.message, { cause: error }) : error;
    });
    const { ok, status, headers } = response;
    if (ok) return response;
    if (headers.get('content-type')?.includes('json') === true) {
      if (status === 403) await assertMember(response.clone());
      return response;
    }
    const reason = `The answer was ${status} and did not come from the server's database.`;
    return Response.json(
      { error: status === 413 ? 'too_large' : 'bad_gateway', reason },
      { status: status === 413 ? 413 : 502 },
    );
  };
}

function isTimeout(error: unknown): error is DOMException {
  return error instanceof DOMException && error.name === 'TimeoutError';
}
