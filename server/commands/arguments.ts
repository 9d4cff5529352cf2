import { parseArgs } from 'node:util';
import { UsageError } from './command.ts';

/** Which options a command takes: `value` wants one, `flag` is there or not. */
export type OptionKinds = Record<string, 'value' | 'flag'>;

/** Arguments by kind; an option that was not given is absent. */
export interface Arguments {
  positionals: string[];
  values: Record<string, string>;
  flags: ReadonlySet<string>;
}

/** Reads a command's arguments; throws UsageError on unknown options and on too few or too many words. */
export function readArguments(
  args: readonly string[],
  expected: { positionals: readonly string[]; options: OptionKinds },
): Arguments {
  const parsed = parse(args, expected.options);
  const missing = expected.positionals[parsed.positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing.`);
  const surplus = parsed.positionals[expected.positionals.length];
  if (surplus !== undefined) throw new UsageError(`"${surplus}" is one word too many.`);
  return parsed;
}

function parse(args: readonly string[], kinds: OptionKinds): Arguments {
  const options = Object.fromEntries(
    Object.entries(kinds).map(([name, kind]) => [
      name,
      { type: kind === 'value' ? ('string' as const) : ('boolean' as const) },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
    });
    const given = Object.entries(values);
    return {
      positionals,
      values: Object.fromEntries(
        given.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
      ),
      flags: new Set(given.filter(([, value]) => value === true).map(([name]) => name)),
    };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
