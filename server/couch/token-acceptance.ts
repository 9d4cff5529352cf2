import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { engineSession } from './check-engine.ts';
import type { EngineHttp } from './engine-http.ts';
import { defaultHandlers, jwtHandler } from './ini-lines.ts';
import type { Keyring } from './keyring.ts';
import type { NodeConfig } from './node-config.ts';

/** How the engine takes our tokens: `refused` ones, or `endless` where it does not look at their end. */
export type TokenAcceptance = 'accepted' | 'refused' | 'endless';

const probe = { sub: 'settee-probe', roles: ['settee-probe'] };
/** A setting made at run time reaches the node's processes a moment later. */
const attempts = 10;
const pauseMilliseconds = 50;

async function takes(http: EngineHttp, keyring: Keyring, kid: string, seconds: number): Promise<boolean> {
  const token = await keyring.signEngine({ ...probe, seconds, kids: new Set([kid]) });
  const session = await engineSession(http, `Bearer ${token}`);
  return session?.name === probe.sub && session.roles.includes(probe.roles[0] ?? '');
}

/** Calls the engine with a token of this key, and with one that has been over for a day. */
export async function tokenAcceptance(
  http: EngineHttp,
  keyring: Keyring,
  kid: string,
): Promise<TokenAcceptance> {
  for (let attempt = 1; !(await takes(http, keyring, kid, 60)); attempt++) {
    if (attempt === attempts) return 'refused';
    await sleep(pauseMilliseconds);
  }
  for (let attempt = 1; await takes(http, keyring, kid, -86_400); attempt++) {
    if (attempt === attempts) return 'endless';
    await sleep(pauseMilliseconds);
  }
  return 'accepted';
}

/** Switches the JWT handler on and demands `exp`, on every node; rejects where the configuration is locked. */
export async function switchTokensOn(config: NodeConfig): Promise<void> {
  for (const node of await config.nodes()) {
    const handlers = (await config.get(node, 'chttpd', 'authentication_handlers')) ?? defaultHandlers;
    if (!handlers.includes('jwt_authentication_handler')) {
      await config.set(node, 'chttpd', 'authentication_handlers', `${jwtHandler}, ${handlers}`);
    }
    const claims = (await config.get(node, 'jwt_auth', 'required_claims')) ?? '';
    if (!/(?:^|,)\s*exp\s*(?:,|$)/.test(claims)) {
      await config.set(node, 'jwt_auth', 'required_claims', claims === '' ? 'exp' : `exp, ${claims}`);
    }
  }
}

const handlersSchema = z.object({ info: z.object({ authentication_handlers: z.array(z.string()) }) });

/** True where the handler is configured but not at work: CouchDB reads the list of handlers when it starts. */
export async function needsRestart(http: EngineHttp): Promise<boolean> {
  const { body } = await http.request('/_session');
  const parsed = handlersSchema.safeParse(body);
  return parsed.success && !parsed.data.info.authentication_handlers.includes('jwt');
}
