import { readArguments } from './arguments.ts';
import { findUser } from './backup/contents.ts';
import { writeBackup } from './backup/write-backup.ts';
import type { Command } from './command.ts';
import { createProgress } from './progress.ts';
import { withServices } from './with-services.ts';

/** `settee backup`: everything, or one user, into one file. */
export const backupCommand: Command = {
  usage: '<file> [--email <address>]',
  summary: 'Write everything, or one user, into a new file',
  async run(args, context) {
    const { positionals, values } = readArguments(args, {
      positionals: ['<file>'],
      options: { email: 'value' },
    });
    const path = positionals[0] ?? '';
    return withServices(context, async ({ couch, http }) => {
      const scope = values['email'] === undefined ? 'all' : await findUser(couch, values['email']);
      let progress: ReturnType<typeof createProgress> | undefined;
      const { footer, unreadable } = await writeBackup({
        couch,
        http,
        path,
        scope,
        now: context.clock(),
        signal: context.signal,
        onDatabase({ name, total, counts }) {
          progress ??= createProgress({
            total,
            isTerminal: context.isTerminal,
            print: context.print,
          });
          progress.step(`${name}: ${counts.leaves}`);
        },
      }).finally(() => progress?.stop());
      for (const { database, id, rev } of unreadable) {
        context.warn(`${database}: ${id} ${rev} could not be read and is not in the backup.`);
      }
      const { databases, leaves, deleted, attachments } = footer;
      context.print(
        `${path}: ${databases} databases, ${leaves} revisions (${deleted} of them deletions), ${attachments} attachments.`,
      );
      context.print(
        'It holds password hashes and all content: keep it as safe as the server. Keys are not in it.',
      );
      return unreadable.length === 0 ? 0 : 1;
    });
  },
};
