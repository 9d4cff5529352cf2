import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { afterEach, beforeEach, expect } from 'vitest';
import { backupCommand } from '../../../server/commands/backup.ts';
import { restoreCommand } from '../../../server/commands/restore.ts';
import type { TestAccount, TestSettee } from '../../support/settee.ts';
import { useFreshSettee } from '../../support/use-settee.ts';
import type { PersonalAccount } from '../proxy/personal-account.ts';
import { environmentOf, runCommand, type CommandRun } from './run-command.ts';
import { fillSpace } from './user-data.ts';

export interface Backups {
  settee: TestSettee;
  /** Empty when a test begins. */
  folder: string;
  /** Where the commands write and read the backup. */
  file: string;
  backup: (...args: string[]) => Promise<CommandRun>;
  restore: (...args: string[]) => Promise<CommandRun>;
  /** Fills a personal space and says with how many documents. */
  fill: (account: PersonalAccount, flows?: number, versions?: number) => Promise<number>;
  call: (method: string, path: string, token: string, body?: object) => Promise<Response>;
  signIn: (account: TestAccount) => Promise<string>;
  deleteAccount: (account: TestAccount) => Promise<void>;
}

export function readGzip(path: string): Promise<string> {
  return readText(createReadStream(path).pipe(createGunzip()));
}

/** A server and a folder for backups of it, both new for each test. */
export function useBackups(): Backups {
  const folder = join(tmpdir(), `settee-backup-${randomUUID()}`);
  const file = join(folder, 'backup.gz');
  beforeEach(() => mkdir(folder).then(() => {}));
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const settee = useFreshSettee();
  const call: Backups['call'] = (method, path, token, body) =>
    fetch(settee.url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    settee,
    folder,
    file,
    call,
    backup: (...args) => runCommand(backupCommand, [file, ...args], { env: environmentOf(settee) }),
    restore: (...args) => runCommand(restoreCommand, [file, ...args], { env: environmentOf(settee) }),
    fill: ({ database }, flows = 50, versions = 10) =>
      fillSpace({ engineUrl: settee.engineUrl, database, flows, versions }),
    async signIn({ email, password }) {
      const answer = await call('POST', '/api/auth/login', '', { email, password });
      expect(answer.status).toBe(200);
      return ((await answer.json()) as { accessToken: string }).accessToken;
    },
    async deleteAccount({ accessToken, password }) {
      const answer = await call('DELETE', '/api/auth/me', accessToken, { password });
      expect(answer.status).toBeLessThan(300);
    },
  };
}
