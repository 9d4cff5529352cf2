import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '../command.ts';

/** Paths of all .json files below a folder, relative to it and in order; hidden folders and packages are left out. */
export async function listFlowFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  await collect(folder, '', files);
  return files;
}

async function collect(folder: string, below: string, files: string[]): Promise<void> {
  const entries = await readdir(join(folder, below), { withFileTypes: true }).catch((cause: unknown) => {
    throw new CommandError(`${join(folder, below)} cannot be read as a folder.`, { cause });
  });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = join(below, entry.name);
    if (entry.isDirectory()) await collect(folder, path, files);
    else if (entry.isFile() && entry.name.toLowerCase().endsWith('.json')) files.push(path);
  }
}
