import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConfig } from '../config.ts';
import { createKeyring } from '../couch/keyring.ts';
import { readArguments } from './arguments.ts';
import { CommandError, UsageError, type Command } from './command.ts';

/** `settee keys rotate`: new signing keys; a running server notices and signs with them, and nobody is signed out. */
export const keysCommand: Command = {
  usage: 'rotate',
  summary: 'Make new signing keys; nobody is signed out',
  async run(args, { env, log, clock, print }) {
    const { positionals } = readArguments(args, { positionals: ['rotate'], options: {} });
    if (positionals[0] !== 'rotate')
      throw new UsageError(`"${positionals[0] ?? ''}" is no such thing to do with keys.`);
    const config = parseConfig(env);
    const path = join(config.dataDirectory, 'keys.json');
    // Otherwise a wrong DATA_DIR would get keys of its own, and the server would go on with the old ones.
    await stat(path).catch((cause: unknown) => {
      throw new CommandError(`There are no keys in ${path}: is DATA_DIR right? The first start makes them.`, {
        cause,
      });
    });
    const keyring = await createKeyring({
      directory: config.dataDirectory,
      log,
      longestTokenSeconds: config.accessTokenSeconds,
      clock,
    });
    try {
      await keyring.rotate();
      const [newest] = keyring.enginePublicKeys();
      print(
        `New keys sign from now on (${newest?.kid ?? ''}). The old ones verify until the last token is over.`,
      );
      print('A running server notices within seconds and installs the new public key in the engine.');
      return 0;
    } finally {
      keyring.close();
    }
  },
};
