import cliProgress from 'cli-progress';

/** Shows how far long work is: a bar on a terminal, a line for each step in a pipe. */
export interface Progress {
  step(label: string): void;
  stop(): void;
}

export function createProgress(options: {
  total: number;
  isTerminal: boolean;
  print: (line: string) => void;
}): Progress {
  if (!options.isTerminal || options.total === 0) {
    let done = 0;
    return { step: (label) => options.print(`${++done}/${options.total} ${label}`), stop: () => undefined };
  }
  const bar = new cliProgress.SingleBar(
    { format: '{bar} {value}/{total} {label}', clearOnComplete: true, hideCursor: true },
    cliProgress.Presets.shades_classic,
  );
  bar.start(options.total, 0, { label: '' });
  return {
    step: (label) => bar.increment(1, { label }),
    stop: () => bar.stop(),
  };
}
