import { assert, asyncProperty } from 'fast-check';
import { plans, type PlanOptions } from './commands.ts';
import { run } from './run.ts';
import { startServerProcess } from './server-process.ts';

export interface CampaignOptions extends PlanOptions {
  runs: number;
  /** Without one, the time decides. */
  seed?: number;
}

function explain(violations: string[], story: string[], log: string): string {
  return [...violations.slice(0, 12), '', ...story, '', log.slice(-3000)].join('\n');
}

/**
 * Runs plan after plan against one server. The seed is printed; SETTEE_SEED repeats a campaign, SETTEE_RUNS sets its
 * length, SETTEE_PATH goes straight to the run that a failure names.
 */
export async function campaign(name: string, options: CampaignOptions): Promise<void> {
  const { SETTEE_SEED, SETTEE_RUNS, SETTEE_PATH } = process.env;
  const seed = Number(SETTEE_SEED ?? options.seed ?? Date.now() % 2 ** 31);
  const numRuns = Number(SETTEE_RUNS ?? options.runs);
  console.info(`${name}: SETTEE_SEED=${seed} SETTEE_RUNS=${numRuns}`);
  const server = await startServerProcess();
  try {
    const property = asyncProperty(plans(options), async (plan) => {
      const { violations, story } = await run(server, plan);
      if (violations.length > 0) throw new Error(explain(violations, story, server.log()));
    });
    // Time is no part of the seed, so that shrinking mostly ends in other runs: the story says more.
    await assert(property, {
      seed,
      numRuns,
      endOnFailure: true,
      ...(SETTEE_PATH === undefined ? {} : { path: SETTEE_PATH }),
    });
  } finally {
    await server.stop();
  }
}
