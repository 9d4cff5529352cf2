import { OfflineError, SetteeClientError, type SetteeErrorCode } from '../errors.ts';

const clientCodes: Record<string, SetteeErrorCode> = {
  invalid_credentials: 'invalid_credentials',
  email_taken: 'email_taken',
  rate_limited: 'rate_limited',
  not_found: 'not_found',
  invalid_body: 'invalid_input',
  bad_request: 'invalid_input',
  invalid_query: 'invalid_input',
  unauthorized: 'signed_out',
  token_expired: 'signed_out',
  token_reused: 'signed_out',
  session_ended: 'signed_out',
  forbidden: 'forbidden',
  read_only: 'read_only',
  membership_ended: 'membership_ended',
  space_deleted: 'space_deleted',
  last_owner: 'last_owner',
  invitation_invalid: 'invitation_invalid',
  invitation_expired: 'invitation_expired',
  quota_exceeded: 'quota_exceeded',
};

interface ErrorAnswer {
  code?: string;
  message?: string;
  details?: unknown;
}

function errorFrom(status: number, answer: ErrorAnswer): SetteeClientError {
  const code = clientCodes[answer.code ?? ''] ?? (status === 401 ? 'signed_out' : 'server_error');
  return new SetteeClientError(code, answer.message ?? `The server answered ${status}.`, {
    details: answer.details ?? { status, code: answer.code },
  });
}

/** One JSON request to the server's REST interface; its errors become SetteeClientErrors, no answer an OfflineError. */
export async function requestJson<T>(
  fetcher: typeof fetch,
  url: string,
  init: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<T> {
  const { method = 'GET', body, headers = {} } = init;
  let response: Response;
  let text: string;
  try {
    response = await fetcher(url, {
      method,
      headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
      credentials: 'omit',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    text = await response.text();
  } catch (cause) {
    if (cause instanceof SetteeClientError) throw cause;
    throw new OfflineError(cause);
  }
  const answer = parse(text);
  if (!response.ok) throw errorFrom(response.status, answer ?? {});
  return answer as T;
}

function parse(text: string): ErrorAnswer | null {
  try {
    return text === '' ? null : (JSON.parse(text) as ErrorAnswer);
  } catch {
    return null;
  }
}
