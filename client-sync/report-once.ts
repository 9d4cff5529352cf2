import { isStorageFailure } from './errors.ts';
import { reportUnexpected } from './signal.ts';

/** Takes a fault that no caller waits for, and what it is about. */
export type ReportFault = (about: string, error: unknown) => void;

/** Tells the page about a fault, and not again each time that the same is tried. Storage that fails shows elsewhere. */
export function createReportOnce(): ReportFault {
  const told = new Map<string, string>();
  return (about, error) => {
    const message = String(error);
    if (isStorageFailure(error) || told.get(about) === message) return;
    told.set(about, message);
    reportUnexpected(error);
  };
}
