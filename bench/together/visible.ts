import { milliseconds, percentile, type Row } from '../table.ts';
import { openPair, type Library } from './pair.ts';
import type { Team } from './team.ts';

const warmEdits = 5;
const editsPerRound = 40;
/** Past what gathers after an edit, and never in step with it. */
const pauseMilliseconds = [100, 250] as const;
const aimMilliseconds = 60;

async function measureRound(library: Library, urls: [string, string], team: Team): Promise<number[]> {
  const pair = await openPair(library, urls, team);
  const times: number[] = [];
  for (let number = 0; number < warmEdits + editsPerRound; number += 1) {
    const time = await pair.edit(number);
    if (number >= warmEdits) times.push(time);
    const [least, most] = pauseMilliseconds;
    await new Promise((resolve) => setTimeout(resolve, least + Math.random() * (most - least)));
  }
  await pair.close();
  return times;
}

/** From a write in one browser to the other's call back: both libraries in turn, on the same spaces. */
export async function visible(options: {
  label: string;
  urls: [string, string];
  team: Team;
  repeats: number;
  hasAim: boolean;
}): Promise<Row[]> {
  const { label, urls, team, repeats, hasAim } = options;
  const libraries: Library[] = ['client-sync', 'PouchDB'];
  const times: Record<Library, number[]> = { 'client-sync': [], PouchDB: [] };
  for (let round = 0; round < repeats; round += 1) {
    const order = round % 2 === 0 ? libraries : libraries.toReversed();
    for (const library of order) times[library].push(...(await measureRound(library, urls, team)));
  }
  return [50, 95].map((rank) => {
    const [ours, baseline] = [percentile(times['client-sync'], rank), percentile(times.PouchDB, rank)];
    return {
      what: `write to visible, ${label}, p${rank}`,
      ours: milliseconds(ours),
      baseline: milliseconds(baseline),
      ratio: (ours / baseline).toFixed(2),
      aim: hasAim && rank === 50 ? `≤ ${aimMilliseconds} ms` : '-',
    };
  });
}
