import type { PouchOpener } from '../pouch/open-pouch.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import { getOrNull, putNote } from './local-documents.ts';
import { openSpace, type LocalSpace } from './open-space.ts';

/** Who took over the data from before any account; kept until the data itself is removed. */
interface Adoption {
  userId: string;
  done: boolean;
}

const note = '_local/adoption';

async function readAdoption(space: LocalSpace): Promise<Adoption | null> {
  const stored = await getOrNull(space.notes, note);
  return stored && { userId: String(stored.userId), done: stored.done === true };
}

function copy(from: Pouch, to: Pouch): Promise<unknown> {
  return from.replicate.to(to, { batch_size: 200 });
}

/**
 * Copies what was made before any account into the first account that signs in, with all revisions. The claim is
 * written before the copy and confirmed after it, so that an interrupted copy is finished, and by the same account.
 * Whether this account is the one.
 */
export async function adoptSpace(anonymous: LocalSpace, user: LocalSpace): Promise<boolean> {
  const { userId } = user;
  const adoption = await readAdoption(anonymous);
  if (userId === null || (adoption && adoption.userId !== userId)) return false;
  if (!adoption) await putNote(anonymous.notes, note, { userId, done: false });
  await copy(anonymous.main, user.main);
  for (const month of anonymous.months()) {
    const runs = anonymous.database(month);
    if (runs) await copy(runs, await user.runs(month));
  }
  await putNote(anonymous.notes, note, { userId, done: true });
  return true;
}

/**
 * Opens the databases from before any account. What an account has taken over is gone from them: the next person at
 * this browser begins empty.
 */
export async function openAnonymousSpace(opener: PouchOpener, name: string): Promise<LocalSpace> {
  const space = await openSpace(opener, name, null);
  if (!(await readAdoption(space))?.done) return space;
  await space.destroy();
  return openSpace(opener, name, null);
}
