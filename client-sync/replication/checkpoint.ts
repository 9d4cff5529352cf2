import PouchCheckpointer from 'pouchdb-checkpointer';
import generateReplicationId from 'pouchdb-generate-replication-id';
import { randomId } from '../local/uuid.ts';
import type { Pouch } from '../pouch/pouch-types.ts';

export type Sequence = number | string;

/** How far a replication of one pair of databases has come, kept on both sides as PouchDB's own replication keeps it. */
export interface Checkpoint {
  /** 0 where there is none that both sides know. */
  read: () => Promise<Sequence>;
  /** To be called only once everything up to there is stored. */
  write: (sequence: Sequence) => Promise<void>;
}

interface Checkpointer {
  getCheckpoint(): Promise<Sequence>;
  writeCheckpoint(sequence: Sequence, session: string): Promise<void>;
}

type CheckpointerConstructor = new (
  source: Pouch,
  target: Pouch,
  id: string,
  state: { cancelled: boolean },
) => Checkpointer;

const Checkpointer = PouchCheckpointer as CheckpointerConstructor;
const replicationId = generateReplicationId as (
  source: Pouch,
  target: Pouch,
  options: object,
) => Promise<string>;

/** The checkpoint of `source.replicate.to(target)` with default options, which goes on from it. */
export function createCheckpoint(source: Pouch, target: Pouch): Checkpoint {
  const session = randomId();
  let opening: Promise<Checkpointer> | null = null;
  const open = (): Promise<Checkpointer> => {
    opening ??= replicationId(source, target, {}).then(
      (id) => new Checkpointer(source, target, id, { cancelled: false }),
      (error: unknown) => {
        opening = null;
        throw error;
      },
    );
    return opening;
  };
  return {
    read: async () => (await open()).getCheckpoint(),
    write: async (sequence) => (await open()).writeCheckpoint(sequence, session),
  };
}
