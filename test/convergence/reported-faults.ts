import { powerLoss } from './device-storage.ts';

const page = globalThis as { reportError?: ((error: unknown) => void) | undefined };

/**
 * Faults that client-sync tells the page of because no caller waits for them, from now until it is stopped. A device
 * that lost its power has only that to tell.
 */
export function recordFaults(): { violations: () => string[]; stop: () => void } {
  const faults: unknown[] = [];
  const { reportError: before } = page;
  page.reportError = (error) => void faults.push(error);
  return {
    violations: () =>
      faults
        .filter((fault) => !(fault instanceof Error && fault.message === powerLoss))
        .map((fault) => `nobody waited for ${fault instanceof Error ? fault.stack : String(fault)}`),
    stop() {
      page.reportError = before;
    },
  };
}
