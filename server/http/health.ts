import type { RequestHandler } from 'express';

export type ServiceState = 'up' | 'stale' | 'down';

/** Asks one service how it is; one that throws or takes too long is down. */
export type HealthCheck = () => ServiceState | Promise<ServiceState>;

const patienceMilliseconds = 2000;
const rememberedMilliseconds = 1000;

interface HealthReport {
  status: 'ok' | 'degraded' | 'down';
  services: Record<string, ServiceState>;
}

async function ask(check: HealthCheck): Promise<ServiceState> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ServiceState>((resolve) => {
    timer = setTimeout(() => resolve('down'), patienceMilliseconds);
  });
  const asked = (async () => check())().catch((): ServiceState => 'down');
  const state = await Promise.race([asked, late]);
  clearTimeout(timer);
  return state;
}

function overall(states: ServiceState[]): HealthReport['status'] {
  if (states.includes('down')) return 'down';
  return states.includes('stale') ? 'degraded' : 'ok';
}

async function report(checks: Record<string, HealthCheck>): Promise<HealthReport> {
  const names = Object.keys(checks);
  const states = await Promise.all(Object.values(checks).map(ask));
  const services = Object.fromEntries(names.map((name, index) => [name, states[index] as ServiceState]));
  return { status: overall(states), services };
}

/** `GET /health`: 200, or 503 while a service is down. Asks at most once a second, however often it is asked itself. */
export function createHealth(checks: Record<string, HealthCheck>): RequestHandler {
  let last: { at: number; report: Promise<HealthReport> } | undefined;
  return async (_request, response) => {
    const now = performance.now();
    if (!last || now - last.at > rememberedMilliseconds) last = { at: now, report: report(checks) };
    const health = await last.report;
    response
      .status(health.status === 'down' ? 503 : 200)
      .set('Cache-Control', 'no-store')
      .json(health);
  };
}
