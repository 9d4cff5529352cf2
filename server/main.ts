#!/usr/bin/env node
import { existsSync } from 'node:fs';
import process from 'node:process';
import { CommandError, UsageError, type Command, type CommandContext } from './commands/command.ts';
import { ConfigError, logLevelOf } from './config.ts';
import { SetupError } from './errors.ts';
import { createLog } from './log.ts';

/** What `settee <command>` can do; a command is loaded when it is asked for. */
const commands: Record<string, () => Promise<Command>> = {
  start: async () => (await import('./commands/start.ts')).startCommand,
  import: async () => (await import('./commands/import.ts')).importCommand,
  backup: async () => (await import('./commands/backup.ts')).backupCommand,
  restore: async () => (await import('./commands/restore.ts')).restoreCommand,
  keys: async () => (await import('./commands/keys.ts')).keysCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
};

const defaultCommand = 'start';

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function warn(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A reader that has seen enough, such as `head`, does not end the work. */
function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** Aborts at the first SIGINT or SIGTERM; a second one does not wait. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(1);
      stop.abort(new Error(name));
    });
  }
  return stop.signal;
}

async function printUsage(): Promise<void> {
  print('settee <command>\n');
  for (const [name, load] of Object.entries(commands)) {
    const { usage, summary } = await load();
    print(`  settee ${`${name} ${usage}`.trim()}\n      ${summary}`);
  }
}

function explain(error: unknown): number {
  if (error instanceof UsageError) {
    warn(error.message);
    return 2;
  }
  if (error instanceof ConfigError || error instanceof SetupError || error instanceof CommandError) {
    warn(error.message);
    return 1;
  }
  warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return 1;
}

async function run([name = defaultCommand, ...args]: string[]): Promise<number> {
  if (['help', '--help', '-h'].includes(name)) {
    await printUsage();
    return 0;
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!load) {
    warn(`There is no command "${name}".`);
    await printUsage();
    return 2;
  }
  if (existsSync('.env')) process.loadEnvFile('.env');
  const context: CommandContext = {
    env: process.env,
    print,
    warn,
    isTerminal: process.stdout.isTTY,
    signal: stopSignal(),
    clock: () => new Date(),
    log: createLog({ level: logLevelOf(process.env) }),
  };
  return (await load()).run(args, context);
}

/** What is still open when a command has ended is not worth waiting for. */
const lingerMilliseconds = 2000;

ignoreClosedPipes();
process.exitCode = await run(process.argv.slice(2)).catch(explain);
setTimeout(() => process.exit(), lingerMilliseconds).unref();
