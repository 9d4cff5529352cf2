import { engineSession } from '../../couch/check-engine.ts';
import type { EngineHttp } from '../../couch/engine-http.ts';
import { iniLines, jwtHandler, pemOnOneLine } from '../../couch/ini-lines.ts';
import type { EnginePublicKey } from '../../couch/keyring.ts';
import { createNodeConfig, type NodeConfig } from '../../couch/node-config.ts';
import {
  openStoredKey,
  publicPem,
  signCompact,
  type KeyFileContent,
  type SigningKey,
} from '../../couch/signing-key.ts';
import { ok, problem, warning, type Finding } from './finding.ts';

const probeName = 'settee-doctor';

/** Does every node accept our tokens, and nothing that is over? `keys` null: there are none yet. */
export async function checkTokens(options: {
  http: EngineHttp;
  vendor: 'couchdb' | 'embedded';
  keys: KeyFileContent | null;
  clock: () => Date;
}): Promise<Finding[]> {
  const { http, vendor, keys, clock } = options;
  const config = createNodeConfig(http);
  const findings = vendor === 'couchdb' ? await checkHandlers(config) : [];
  if (!keys) return findings;
  const signing = keys.keys
    .filter(({ use, retiredAt }) => use === 'engine' && retiredAt === undefined)
    .map(openStoredKey);
  const publicKeys = signing.map((key) => ({ kid: key.kid, pem: publicPem(key) }));
  findings.push(...(await checkInstalledKeys(config, publicKeys)));
  const [newest] = signing;
  if (newest && findings.every(({ status }) => status === 'ok')) {
    findings.push(await checkUse(http, newest, publicKeys, clock()));
  }
  return findings;
}

/** On CouchDB the JWT handler has to be switched on, on every node. */
async function checkHandlers(config: NodeConfig): Promise<Finding[]> {
  const findings: Finding[] = [];
  const mend =
    'Start Settee, which sets it where it may, or copy couchdb.ini to local.d on that node and restart it.';
  for (const node of await config.nodes()) {
    const handlers = await readSetting(config, node, 'chttpd', 'authentication_handlers');
    if (handlers instanceof Error) findings.push(unreadable(node, handlers));
    else if (!(handlers ?? '').includes('jwt_authentication_handler')) {
      findings.push(
        problem('tokens.handler', `Node ${node} does not look at tokens: ${jwtHandler} is off.`, mend),
      );
    } else {
      const claims = (await readSetting(config, node, 'jwt_auth', 'required_claims')) ?? '';
      if (typeof claims === 'string' && !/(?:^|,)\s*exp\s*(?:,|$)/.test(claims)) {
        const message = `Node ${node} accepts tokens for ever: required_claims has no exp.`;
        findings.push(problem('tokens.claims', message, mend));
      }
    }
  }
  return findings.length > 0
    ? findings
    : [ok('tokens.handler', 'Every node looks at tokens and at their end.')];
}

function unreadable(node: string, error: Error): Finding {
  return warning(
    'tokens.configuration',
    `The settings of node ${node} cannot be read (${error.message}).`,
    'Allow administrators to read /_node/*/_config, or check couchdb.ini on that node by hand.',
  );
}

async function readSetting(
  config: NodeConfig,
  node: string,
  section: string,
  key: string,
): Promise<string | null | Error> {
  try {
    return await config.get(node, section, key);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function checkInstalledKeys(config: NodeConfig, keys: readonly EnginePublicKey[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const node of await config.nodes()) {
    for (const { kid, pem } of keys) {
      const installed = await readSetting(config, node, 'jwt_keys', `ec:${kid}`);
      if (installed instanceof Error) findings.push(unreadable(node, installed));
      else if (installed !== pemOnOneLine(pem)) {
        const message = `Node ${node} does not have the key ${kid}: replication is answered 401 or 500.`;
        const mend = `Start Settee, which installs it, or put these lines into local.d on that node:\n${iniLines(keys)}`;
        findings.push(problem('tokens.keys', message, mend));
      }
    }
  }
  return findings.length > 0 ? findings : [ok('tokens.keys', 'Every node has the public key.')];
}

/** Calls the engine as the proxy does. */
async function checkUse(
  http: EngineHttp,
  key: SigningKey,
  keys: readonly EnginePublicKey[],
  now: Date,
): Promise<Finding> {
  const mend = `Compare the clocks; else put these lines into an ini file of CouchDB's local.d and restart it:\n${iniLines(keys)}`;
  const isAccepted = async (seconds: number): Promise<boolean> => {
    const exp = Math.floor(now.getTime() / 1000) + seconds;
    const claims = { iss: 'settee-proxy', sub: probeName, exp, '_couchdb.roles': [] };
    const session = await engineSession(http, `Bearer ${signCompact(key, claims)}`);
    return session?.name === probeName;
  };
  if (!(await isAccepted(60)))
    return problem('tokens.use', 'The engine refuses a token of the newest key.', mend);
  if (await isAccepted(-86_400))
    return problem('tokens.use', 'The engine accepts a token that is over.', mend);
  return ok('tokens.use', 'The engine accepts our tokens, and refuses those that are over.');
}
