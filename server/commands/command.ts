import type { Log } from '../log.ts';

/** What a command is given besides its arguments; only tests give anything else than the process's own. */
export interface CommandContext {
  env: Record<string, string | undefined>;
  /** Lines for people: results on `print`, what went wrong on `warn`. */
  print: (line: string) => void;
  warn: (line: string) => void;
  /** A terminal can show a progress bar; a pipe gets plain lines. */
  isTerminal: boolean;
  /** Aborted by Ctrl-C: the command ends between two steps. */
  signal: AbortSignal;
  clock: () => Date;
  log: Log;
}

export interface Command {
  /** Without the name, for example `<file> [--email <address>]`. */
  usage: string;
  summary: string;
  /** Answers the exit code: 0 done, 1 something failed or is wrong. */
  run(args: readonly string[], context: CommandContext): Promise<number>;
}

/** The command could not do its work; the message says what to do and is printed without a stack. */
export class CommandError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CommandError';
  }
}

/** The arguments make no sense; exit code 2. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
