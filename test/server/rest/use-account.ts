import { beforeEach } from 'vitest';
import { rest, type RestAnswer, type RestCall } from '../../support/rest-client.ts';
import type { TestAccount, TestSettee } from '../../support/settee.ts';
import { madeIn, useSettee } from '../../support/use-settee.ts';

export interface AccountAtServer {
  settee: TestSettee;
  /** Another for each test. */
  account: TestAccount;
  /** A call of the account's; `target` is `METHOD /path`. */
  call: (target: string, options?: RestCall) => Promise<RestAnswer>;
}

/** A server, and a new account at it for each test. */
export function useAccount(): AccountAtServer {
  const settee = useSettee();
  const account = madeIn(beforeEach, () => settee.register());
  return {
    settee,
    account,
    call: (target, options = {}) => rest(settee.url, target, { token: account.accessToken, ...options }),
  };
}
