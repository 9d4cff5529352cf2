import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, parseConfig, type Config } from '../config.ts';
import { createEngineHttp } from '../couch/engine-http.ts';
import { readArguments } from './arguments.ts';
import { CommandError, type Command, type CommandContext } from './command.ts';
import { checkDataDirectory, examineKeyFile } from './doctor/data-directory.ts';
import { checkDatabases } from './doctor/databases.ts';
import { checkClock, checkSystemDatabases, examineEngine } from './doctor/engine.ts';
import { ok, problem, type Finding } from './doctor/finding.ts';
import { checkLimits } from './doctor/limits.ts';
import { answersAsSettee, checkPort } from './doctor/ports.ts';
import { checkSpaces } from './doctor/spaces.ts';
import { checkTokens } from './doctor/tokens.ts';
import { locateEngine, type LocatedEngine } from './locate-engine.ts';

const marks = { ok: 'ok     ', warning: 'WARNING', problem: 'PROBLEM' } as const;

/** `settee doctor`: looks and tells, and changes nothing. */
export const doctorCommand: Command = {
  usage: '[--json]',
  summary: 'Look at everything and say how to mend what is wrong',
  async run(args, context) {
    const { flags } = readArguments(args, { positionals: [], options: { json: 'flag' } });
    const findings = await examine(context);
    const problems = findings.filter(({ status }) => status === 'problem').length;
    if (flags.has('json')) context.print(JSON.stringify({ problems, findings }, null, 2));
    else describe(findings, problems, context);
    return problems === 0 ? 0 : 1;
  },
};

function describe(findings: Finding[], problems: number, { print }: CommandContext): void {
  for (const { check, status, message, mend } of findings) {
    print(`${marks[status]} ${check}: ${message}`);
    if (mend !== undefined) print(`        ${mend.replaceAll('\n', '\n        ')}`);
  }
  const warnings = findings.filter(({ status }) => status === 'warning').length;
  print(`${count(problems, 'problem')}, ${count(warnings, 'warning')}.`);
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number === 0 ? 'no' : number} ${noun}s`;
}

/** Everything that can be found out; what an unreachable engine hides is left out. */
async function examine(context: CommandContext): Promise<Finding[]> {
  let config: Config;
  try {
    config = parseConfig(context.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((text) =>
      problem('configuration', text, 'Correct it in the environment or in .env.'),
    );
  }
  const directory = await checkDataDirectory(config.dataDirectory);
  const { findings: keyFindings, keys } = await examineKeyFile(config.dataDirectory);
  const findings = [ok('configuration', 'The configuration can be read.'), ...directory, ...keyFindings];
  const engine = await openEngine(config, context);
  if ('check' in engine) return [...findings, engine];
  try {
    findings.push(...(await examineInside({ config, engine, keys, context })));
  } finally {
    await engine.close();
  }
  return [...findings, ...(await checkPorts(config, engine))];
}

async function openEngine(config: Config, { log }: CommandContext): Promise<LocatedEngine | Finding> {
  if (config.couchdbUrl === undefined && !existsSync(join(config.dataDirectory, 'databases'))) {
    return ok('engine.reachable', 'The embedded engine has no databases yet; the first start makes them.');
  }
  try {
    return await locateEngine({ config, log });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const mend = 'Stop the process that has the directory open, or wait until it has ended.';
    return problem('engine.reachable', error.message, mend);
  }
}

interface Inside {
  config: Config;
  engine: LocatedEngine;
  keys: Awaited<ReturnType<typeof examineKeyFile>>['keys'];
  context: CommandContext;
}

async function examineInside({ config, engine, keys, context }: Inside): Promise<Finding[]> {
  const { clock, signal } = context;
  const http = createEngineHttp(engine.url);
  const { findings, server } = await examineEngine(http);
  if (!server) return findings;
  const isCouch = server.vendor === 'couchdb';
  findings.push(await checkClock(http, clock));
  if (isCouch) findings.push(await checkSystemDatabases(http));
  findings.push(...(await checkTokens({ http, vendor: server.vendor, keys, clock })));
  const databases = await checkDatabases({ http, prefix: config.databasePrefix, signal });
  findings.push(...databases.findings, ...(await checkSpaces(http, config.databasePrefix)));
  if (isCouch) findings.push(...(await checkLimits(http, databases.count)));
  return findings;
}

async function checkPorts(config: Config, engine: LocatedEngine): Promise<Finding[]> {
  const { host, port, couchdbPort } = config;
  const isOurs = (): Promise<boolean> => answersAsSettee(host, port);
  const findings = [await checkPort({ variable: 'PORT', host, port, isOurs })];
  if (engine.kind === 'couchdb') return findings;
  const isRunning = async (): Promise<boolean> =>
    engine.kind === 'running' && new URL(engine.url).port === String(couchdbPort);
  findings.push(
    await checkPort({ variable: 'COUCHDB_PORT', host: '127.0.0.1', port: couchdbPort, isOurs: isRunning }),
  );
  return findings;
}
