import { readArguments } from './arguments.ts';
import { restoreBackup, type RestoreReport } from './backup/restore-backup.ts';
import type { Command, CommandContext } from './command.ts';
import { createProgress } from './progress.ts';
import { withServices } from './with-services.ts';

const shownFailures = 20;

/** `settee restore`: what `settee backup` wrote, into this deployment. */
export const restoreCommand: Command = {
  usage: '<file> [--email <address>] [--force]',
  summary: 'Write a backup back; --force merges it into what is there',
  async run(args, context) {
    const { positionals, values, flags } = readArguments(args, {
      positionals: ['<file>'],
      options: { email: 'value', force: 'flag' },
    });
    return withServices(context, async ({ couch, http, spaces }) => {
      let progress: ReturnType<typeof createProgress> | undefined;
      const report = await restoreBackup({
        couch,
        http,
        spaces,
        path: positionals[0] ?? '',
        force: flags.has('force'),
        ...(values['email'] === undefined ? {} : { email: values['email'] }),
        signal: context.signal,
        onDatabase({ name, total, leaves }) {
          progress ??= createProgress({
            total,
            isTerminal: context.isTerminal,
            print: context.print,
          });
          progress.step(`${name}: ${leaves}`);
        },
      }).finally(() => progress?.stop());
      describe(report, context);
      return report.failed.length === 0 ? 0 : 1;
    });
  },
};

function describe(
  { header, databases, leaves, failed }: RestoreReport,
  { print, warn }: CommandContext,
): void {
  print(`The backup of ${header.createdAt}: ${databases} databases, ${leaves} revisions are here.`);
  for (const { database, id, rev, reason } of failed.slice(0, shownFailures)) {
    warn(`${database}: ${id} ${rev} was refused: ${reason}`);
  }
  if (failed.length > shownFailures) warn(`… and ${failed.length - shownFailures} more.`);
  print('Everybody signs in again. Browsers that were ahead of the backup bring their later edits back.');
}
