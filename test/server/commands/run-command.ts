import type { Command } from '../../../server/commands/command.ts';
import type { Config } from '../../../server/config.ts';
import { createLog } from '../../../server/log.ts';

export interface CommandRun {
  /** Exit code. */
  code: number;
  printed: string[];
  warned: string[];
}

export interface RunOptions {
  env?: Record<string, string | undefined>;
  clock?: () => Date;
  signal?: AbortSignal;
}

/** Runs a command as `main` does, and keeps what it said. */
export async function runCommand(
  command: Command,
  args: string[],
  options: RunOptions = {},
): Promise<CommandRun> {
  const printed: string[] = [];
  const warned: string[] = [];
  const code = await command.run(args, {
    env: options.env ?? {},
    print: (line) => void printed.push(line),
    warn: (line) => void warned.push(line),
    isTerminal: false,
    signal: options.signal ?? new AbortController().signal,
    clock: options.clock ?? (() => new Date()),
    log: createLog({ level: 'silent' }),
  });
  return { code, printed, warned };
}

/** The environment in which commands work on a test server's engine, keys and databases. */
export function environmentOf({
  config,
  engineUrl,
}: {
  config: Config;
  engineUrl: string;
}): Record<string, string> {
  return {
    COUCHDB_URL: engineUrl,
    DATA_DIR: config.dataDirectory,
    DATABASE_PREFIX: config.databasePrefix,
    PORT: '0',
    COUCHDB_PORT: '0',
  };
}
