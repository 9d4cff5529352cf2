import type { Request } from 'express';
import { uuidPattern } from '../../schema/index.ts';
import type { Auth } from '../auth/auth.ts';
import type { Principal } from '../auth/principal.ts';
import { contextOf } from './request-context.ts';

/** Who makes the request, worked out once; throws SetteeError 401. */
export type Identify = (request: Request) => Promise<Principal>;

/** The device that a request names by X-Settee-Device. */
export function deviceOf(request: Request): string | undefined {
  const device = request.get('x-settee-device');
  return device !== undefined && uuidPattern.test(device) ? device : undefined;
}

export function createIdentify(options: { auth: Auth; clock?: () => Date }): Identify {
  const { auth, clock = () => new Date() } = options;
  const known = new WeakMap<Request, Promise<Principal>>();

  async function identify(request: Request): Promise<Principal> {
    const principal = await auth.authenticate(request.get('authorization'));
    const context = contextOf(request);
    context.userId = principal.userId;
    const device = deviceOf(request);
    if (device !== undefined) {
      auth.recordDevice(principal, device, clock()).catch((error: unknown) => {
        context.log.warn({ err: error }, 'the last sync of a device could not be recorded');
      });
    }
    return principal;
  }

  return (request) => {
    const found = known.get(request) ?? identify(request);
    known.set(request, found);
    return found;
  };
}
