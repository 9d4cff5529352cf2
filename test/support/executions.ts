import { executionDocId, type ExecutionDocument, type Month } from '../../schema/index.ts';
import { createRandom, type Random } from './random.ts';

export interface ExecutionsOptions {
  seed: number;
  count: number;
  /** The month in which all of them ran; March 2025 where none is given. */
  month?: Month;
  /** The flows they are runs of; eight of the seed's own where none are given. */
  flowIds?: readonly string[];
}

function uuidV7(random: Random, milliseconds: number): string {
  const time = milliseconds.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.hex(3)}-${random.pick(['8', '9', 'a', 'b'])}${random.hex(3)}-${random.hex(12)}`;
}

function outcome(random: Random, started: number): Partial<ExecutionDocument> {
  const status = random.pick([
    'completed',
    'completed',
    'completed',
    'failed',
    'cancelled',
    'running',
  ] as const);
  if (status === 'running') return { status };
  const duration = random.integer(5, 90_000);
  const completedAt = new Date(started + duration).toISOString();
  return {
    status,
    completedAt,
    // Some applications record the times only.
    ...(random.chance(0.9) ? { duration } : {}),
    ...(random.chance(0.8) ? { tokensUsed: random.integer(0, 8_000) } : {}),
    ...(random.chance(0.7) ? { apiCallCount: random.integer(0, 40) } : {}),
    ...(status === 'failed' ? { error: random.words(6), failedNodeId: 'chatOpenAI_0' } : {}),
  };
}

function makeExecution(random: Random, flowIds: readonly string[], month: Month): ExecutionDocument {
  const started = Date.parse(`${month}-01T00:00:00.000Z`) + random.integer(0, 28 * 86_400_000 - 1);
  const startedAt = new Date(started).toISOString();
  return {
    _id: executionDocId(uuidV7(random, started)),
    type: 'execution',
    schemaVersion: 1,
    flowId: random.pick(flowIds),
    flowName: random.words(3),
    flowVersion: '1.0.0',
    status: 'running',
    startedAt,
    trigger: random.pick(['manual', 'manual', 'api', 'scheduled', 'test']),
    input: { question: random.words(8) },
    results: Array.from({ length: random.integer(0, 4) }, (_, n) => ({
      nodeId: `chatOpenAI_${n}`,
      output: random.words(random.integer(1, 60)),
      executedAt: startedAt,
    })),
    ...outcome(random, started),
    ...(random.chance(0.03) ? { deleted: true, deletedAt: startedAt } : {}),
  };
}

/** Runs of a month: all states, gaps where applications leave gaps, a few deleted softly. */
export function makeExecutions(options: ExecutionsOptions): ExecutionDocument[] {
  const random = createRandom(options.seed);
  const flowIds = options.flowIds ?? Array.from({ length: 8 }, () => random.uuid());
  const month = options.month ?? '2025-03';
  return Array.from({ length: options.count }, () => makeExecution(random, flowIds, month));
}
