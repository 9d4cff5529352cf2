import { once } from 'node:events';
import { createServer } from 'node:net';
import { ok, problem, type Finding } from './finding.ts';

async function listenError(host: string, port: number): Promise<string | null> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
    return null;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  } finally {
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  }
}

/** Can the server listen there, or does it already? `isOurs` tells whether what answers on the port is Settee. */
export async function checkPort(options: {
  /** PORT or COUCHDB_PORT. */
  variable: string;
  host: string;
  port: number;
  isOurs: () => Promise<boolean>;
}): Promise<Finding> {
  const { variable, host, port, isOurs } = options;
  const check = `ports.${variable}`;
  const error = port === 0 ? null : await listenError(host, port);
  if (error === null) return ok(check, `${host}:${port} is free.`);
  if (error === 'EADDRINUSE') {
    if (await isOurs()) return ok(check, `Settee is running on ${host}:${port}.`);
    const mend = `Stop that program (ss -ltnp shows it), or set ${variable} to another port.`;
    return problem(check, `${host}:${port} is taken by another program.`, mend);
  }
  if (error === 'EACCES') {
    const mend = `Set ${variable} to 1024 or more, and let a reverse proxy have the low port.`;
    return problem(check, `This user may not listen on port ${port}.`, mend);
  }
  return problem(check, `${host}:${port} cannot be used (${error}).`, `Correct HOST or ${variable}.`);
}

/** True where a Settee answers on this port: its public keys are named after it. */
export async function answersAsSettee(host: string, port: number): Promise<boolean> {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const address = name.includes(':') ? `[${name}]` : name;
  const url = `http://${address}:${port}/.well-known/jwks.json`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(3000) });
    return (await response.text()).includes('"settee-access-');
  } catch {
    return false;
  }
}
