import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { keyFileSchema, openStoredKey, type KeyFileContent } from '../../couch/signing-key.ts';
import { ok, problem, warning, type Finding } from './finding.ts';

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}

/** Can we write into DATA_DIR, and nobody else? */
export async function checkDataDirectory(directory: string): Promise<Finding[]> {
  const found = await stat(directory).catch(() => null);
  if (!found) return [ok('data.directory', `${directory} does not exist yet; the first start makes it.`)];
  if (!found.isDirectory()) {
    return [
      problem(
        'data.directory',
        `${directory} is not a directory.`,
        'Set DATA_DIR to a directory of your own.',
      ),
    ];
  }
  const findings: Finding[] = [];
  const isWritable = await access(directory, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isWritable) {
    const mend = `Give it to the user that runs Settee: chown -R <user> ${directory}`;
    findings.push(problem('data.directory', `${directory} cannot be read and written by this user.`, mend));
  }
  if ((found.mode & 0o022) !== 0) {
    const message = `${directory} can be written by others (mode ${octal(found.mode)}): they could replace the keys.`;
    findings.push(problem('data.permissions', message, `chmod 700 ${directory}`));
  } else if ((found.mode & 0o055) !== 0) {
    const message = `${directory} can be read by others (mode ${octal(found.mode)}).`;
    findings.push(warning('data.permissions', message, `chmod 700 ${directory}`));
  }
  return findings.length > 0 ? findings : [ok('data.directory', `${directory} is ours alone.`)];
}

export interface KeyFileExamination {
  findings: Finding[];
  /** Null where there is no usable key file. */
  keys: KeyFileContent | null;
}

/** Looks at the key file without opening it as the server does, which would make or mend it. */
export async function examineKeyFile(directory: string): Promise<KeyFileExamination> {
  const path = join(directory, 'keys.json');
  const found = await stat(path).catch(() => null);
  if (!found)
    return { findings: [ok('keys.file', 'There are no keys yet; the first start makes them.')], keys: null };
  const findings: Finding[] = [];
  if ((found.mode & 0o077) !== 0) {
    const message = `${path} can be read by others (mode ${octal(found.mode)}): whoever has it can sign in as anybody.`;
    const mend = `chmod 600 ${path}, and if others may have read it: npx settee keys rotate`;
    findings.push(problem('keys.permissions', message, mend));
  }
  const keys = await readKeyFile(path);
  if (keys) {
    if (findings.length === 0) findings.push(ok('keys.file', describeKeys(keys)));
  } else {
    const mend =
      'Restore it from a copy, or remove it: new keys are made, and everybody has to sign in again.';
    findings.push(problem('keys.file', `${path} cannot be read or understood.`, mend));
  }
  return { findings, keys };
}

async function readKeyFile(path: string): Promise<KeyFileContent | null> {
  try {
    const content = keyFileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    content.keys.forEach(openStoredKey);
    const uses = new Set(
      content.keys.filter(({ retiredAt }) => retiredAt === undefined).map(({ use }) => use),
    );
    return uses.size === 2 ? content : null;
  } catch {
    return null;
  }
}

function describeKeys({ keys }: KeyFileContent): string {
  const newest = keys.map(({ createdAt }) => createdAt).reduce((a, b) => (a > b ? a : b));
  return `The signing keys are readable by their owner only; the newest is of ${newest.slice(0, 10)}.`;
}
