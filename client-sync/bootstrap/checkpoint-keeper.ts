import type { Checkpoint, Sequence } from '../replication/checkpoint.ts';

/** Takes a checkpoint further, now and then, to what is stored. */
export interface CheckpointKeeper {
  /** Everything up to the sequence is stored. */
  stored: (sequence: Sequence) => void;
  /** Up to where everything is stored. */
  position: () => Sequence;
  /** Writes the checkpoint where it is behind. */
  save: () => Promise<void>;
}

/** Each write costs requests; what was stored since the last one is at most fetched again. */
const everyMilliseconds = 2000;

export function createCheckpointKeeper(checkpoint: Checkpoint, since: Sequence): CheckpointKeeper {
  let position = since;
  let saved = since;
  let savedAt = Date.now();
  let saving: Promise<void> = Promise.resolve();

  const save = (): Promise<void> => {
    saving = saving
      .catch(() => {})
      .then(async () => {
        if (position === saved) return;
        const sequence = position;
        await checkpoint.write(sequence);
        saved = sequence;
      });
    return saving;
  };
  return {
    position: () => position,
    save,
    stored(sequence) {
      position = sequence;
      if (Date.now() - savedAt < everyMilliseconds) return;
      savedAt = Date.now();
      save().catch(() => {
        // The last one is written again, and then its failure counts.
      });
    },
  };
}
