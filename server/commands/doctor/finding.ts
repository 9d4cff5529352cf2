/** One thing that the doctor looked at. A `problem` makes the command fail, a `warning` does not. */
export interface Finding {
  /** Stable, for scripts: `engine.password`, `keys.permissions` … */
  check: string;
  status: 'ok' | 'warning' | 'problem';
  message: string;
  /** What to do about it; always there unless the status is ok. */
  mend?: string;
}

export function ok(check: string, message: string): Finding {
  return { check, status: 'ok', message };
}

export function warning(check: string, message: string, mend: string): Finding {
  return { check, status: 'warning', message, mend };
}

export function problem(check: string, message: string, mend: string): Finding {
  return { check, status: 'problem', message, mend };
}
