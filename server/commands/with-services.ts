import { parseConfig, type Config } from '../config.ts';
import { connectCouch } from '../couch/connect-couch.ts';
import type { Couch } from '../couch/couch.ts';
import { createEngineHttp, type EngineHttp } from '../couch/engine-http.ts';
import { createKeyring } from '../couch/keyring.ts';
import { createSpaces } from '../spaces/create-spaces.ts';
import type { Spaces } from '../spaces/spaces.ts';
import type { CommandContext } from './command.ts';
import { locateEngine } from './locate-engine.ts';

/** What commands that work on the data are given. */
export interface CommandServices {
  config: Config;
  couch: Couch;
  http: EngineHttp;
  spaces: Spaces;
}

/** Connects to the engine for the duration of `work`, and lets go of everything whatever happens. */
export async function withServices<T>(
  { env, log, clock }: Pick<CommandContext, 'env' | 'log' | 'clock'>,
  work: (services: CommandServices) => Promise<T>,
): Promise<T> {
  const config = parseConfig(env);
  const closers: (() => Promise<void> | void)[] = [];
  try {
    const engine = await locateEngine({ config, log });
    closers.unshift(() => engine.close());
    const keyring = await createKeyring({
      directory: config.dataDirectory,
      log,
      longestTokenSeconds: config.accessTokenSeconds,
      clock,
    });
    closers.unshift(() => keyring.close());
    const couch = await connectCouch({ url: engine.url, prefix: config.databasePrefix, keyring, log });
    closers.unshift(() => couch.close());
    const spaces = createSpaces({ couch, log, clock });
    closers.unshift(() => spaces.close());
    return await work({ config, couch, http: createEngineHttp(engine.url), spaces });
  } finally {
    for (const close of closers) await close();
  }
}
