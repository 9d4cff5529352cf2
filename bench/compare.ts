import { median, milliseconds, type Row } from './table.ts';

/** Milliseconds that the work took. */
export async function time(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/**
 * Runs ours and the baseline alternately, so that a slow minute of the machine hits both, and compares medians.
 * Each side prepares outside of the measured time and returns the work to measure.
 */
export async function compare(options: {
  what: string;
  repeats: number;
  aim: number;
  ours(): Promise<() => Promise<void>>;
  baseline(): Promise<() => Promise<void>>;
}): Promise<Row> {
  const ours: number[] = [];
  const baseline: number[] = [];
  for (let round = 0; round < options.repeats; round += 1) {
    // Who goes first changes from round to round: the second run finds warmer caches.
    const sides = [
      async () => ours.push(await time(await options.ours())),
      async () => baseline.push(await time(await options.baseline())),
    ];
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) await side();
  }
  return ratioRow(options.what, median(ours), median(baseline), options.aim);
}

export function ratioRow(what: string, ours: number, baseline: number, aim: number): Row {
  return {
    what,
    ours: milliseconds(ours),
    baseline: milliseconds(baseline),
    ratio: (ours / baseline).toFixed(2),
    aim: `≤ ${aim}`,
  };
}
