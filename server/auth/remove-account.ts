import type { Log } from '../log.ts';
import {
  lastPart,
  removalDocumentId,
  userDocumentId,
  type RemovalDocument,
  type SessionDocument,
  type UserDocument,
} from './account-documents.ts';
import type { AccountStore } from './account-store.ts';
import type { ApiKeys } from './api-keys.ts';
import type { DeviceRecords } from './device-records.ts';
import type { Registration } from './registration.ts';
import type { Sessions } from './sessions.ts';

/** Removes an account with all its data; a removal that was cut short is finished later, by any process. */
export interface AccountRemoval {
  remove(user: UserDocument): Promise<void>;
  /** True from the wish to remove the account until nothing is left of it. */
  isUnderWay(userId: string): Promise<boolean>;
  /** One failing does not stop the others: it is logged and tried again the next time. */
  finishRemovals(signal: AbortSignal): Promise<void>;
}

export function createAccountRemoval(options: {
  store: AccountStore;
  sessions: Sessions;
  keys: ApiKeys;
  devices: DeviceRecords;
  registration: Registration;
  removeSpaces: (userId: string) => Promise<void>;
  clock: () => Date;
  log: Log;
}): AccountRemoval {
  const { store, sessions, keys, devices, registration, removeSpaces, clock, log } = options;

  async function finish({ _id, userId, emailHash }: RemovalDocument): Promise<void> {
    // First whatever lets somebody in, then the data, last what would let this be repeated.
    await sessions.endAll(userId, 'account_deleted');
    await keys.removeAll(userId);
    await removeSpaces(userId);
    await devices.removeAll(userId);
    const families = await store.range<SessionDocument>(`session:${userId}:`);
    await Promise.all(families.map((family) => store.remove(family._id)));
    await store.remove(userDocumentId(userId));
    await registration.release(emailHash, userId);
    await store.remove(_id);
  }

  return {
    async remove(user) {
      const userId = lastPart(user._id);
      const removal: RemovalDocument = {
        _id: removalDocumentId(userId),
        type: 'removal',
        userId,
        emailHash: user.emailHash,
        requestedAt: clock().toISOString(),
      };
      await store.create(removal);
      await finish(removal);
    },
    isUnderWay: async (userId) => (await store.get(removalDocumentId(userId))) !== null,
    async finishRemovals(signal) {
      for (const removal of await store.range<RemovalDocument>('removal:')) {
        if (signal.aborted) return;
        await finish(removal).catch((error: unknown) => {
          log.error(
            { err: error, userId: removal.userId },
            'an account could not be removed; tried again later',
          );
        });
      }
    },
  };
}
