import { resolve } from 'node:path';
import type nano from 'nano';
import type { FlowDocument } from '../../schema/index.ts';
import type { Spaces } from '../spaces/spaces.ts';
import { readArguments } from './arguments.ts';
import { findUser } from './backup/contents.ts';
import { CommandError, UsageError, type Command } from './command.ts';
import { listFlowFiles } from './import/flow-files.ts';
import { importFiles } from './import/import-files.ts';
import { createProgress } from './progress.ts';
import { withServices } from './with-services.ts';

/** `settee import`: React Flow JSON files become flows of a user. */
export const importCommand: Command = {
  usage: '<folder> --email <address> [--space <id>]',
  summary: 'Turn React Flow JSON files into flows; may be run twice',
  async run(args, context) {
    const { positionals, values } = readArguments(args, {
      positionals: ['<folder>'],
      options: { email: 'value', space: 'value' },
    });
    const { email, space } = values;
    if (email === undefined) throw new UsageError('--email is missing: whose flows shall they be?');
    const folder = resolve(positionals[0] ?? '');
    const files = await listFlowFiles(folder);
    if (files.length === 0) throw new CommandError(`There are no .json files in ${folder}.`);

    const report = await withServices(context, async ({ couch, spaces }) => {
      const { userId } = await findUser(couch, email);
      const target = await openSpace(spaces, userId, space ?? userId);
      const progress = createProgress({
        total: files.length,
        isTerminal: context.isTerminal,
        print: context.print,
      });
      const onFile = (file: string): void => progress.step(file);
      const { signal } = context;
      return importFiles({ folder, files, ...target, now: context.clock(), signal, onFile }).finally(() =>
        progress.stop(),
      );
    });
    for (const file of report.skipped) context.print(`${file}: is there already, left as it is`);
    for (const { file, reason } of report.failed) context.warn(`${file}: not imported, ${reason}`);
    context.print(
      `${report.imported} imported, ${report.skipped.length} there already, ${report.failed.length} not imported.`,
    );
    return report.failed.length === 0 ? 0 : 1;
  },
};

/** The space's database with the user's own rights; throws CommandError where there is none that the user may write. */
async function openSpace(
  spaces: Spaces,
  userId: string,
  spaceId: string,
): Promise<{ database: nano.DocumentScope<FlowDocument>; owner: string }> {
  const found = (await spaces.list(userId)).find(({ space }) => space.id === spaceId);
  const access = found && (await spaces.access(userId, found.space.database));
  if (!access) throw new CommandError(`This user has no space ${spaceId}.`);
  if (access.role === 'viewer') throw new CommandError(`This user may only read the space ${spaceId}.`);
  return { database: spaces.open<FlowDocument>(access), owner: spaceId };
}
