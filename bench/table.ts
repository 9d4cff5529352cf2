/** One measured line: ours against a baseline in the same run. `aim` is the ratio (or amount) we want to stay below. */
export interface Row {
  what: string;
  ours: string;
  baseline: string;
  ratio: string;
  aim: string;
}

const columns = ['what', 'ours', 'baseline', 'ratio', 'aim'] as const;

/** Prints rows as a Markdown table, so that a run can be quoted as it is. */
export function printTable(title: string, rows: Row[]): void {
  const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] as number)).join(' | ')} |`;
  console.log(`\n## ${title}\n`);
  console.log(line(columns));
  console.log(line(widths.map((width) => '-'.repeat(width))));
  for (const row of rows) console.log(line(columns.map((column) => row[column])));
}

export function median(values: number[]): number {
  return percentile(values, 50);
}

/** The value below which `rank` percent of the values lie (nearest rank). */
export function percentile(values: number[], rank: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)] ?? Number.NaN;
}

export function milliseconds(value: number): string {
  return value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(1)} ms`;
}
