/** A seeded source of chance: the same seed gives the same values on every machine. */
export interface Random {
  /** A float in [0, 1). */
  next(): number;
  /** An integer from `from` to `to`, both included. */
  integer(from: number, to: number): number;
  pick<T>(values: readonly T[]): T;
  chance(probability: number): boolean;
  hex(digits: number): string;
  /** A UUID v4. */
  uuid(): string;
  /** Plain words, `count` of them. */
  words(count: number): string;
}

const vocabulary = (
  'answer context document prompt search vector memory agent model token chunk summary route table query ' +
  'customer question output schema tool retry budget language draft review score filter step branch merge ' +
  'the a of to and when with for each before after only from into über naïve 流れ'
).split(' ');

/** Mulberry32: 32 bits of state, good enough to vary test data. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function createRandom(seed: number): Random {
  const next = mulberry32(seed);
  const integer = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => integer(0, 15).toString(16)).join('');
  const pick = <T>(values: readonly T[]): T => values[integer(0, values.length - 1)] as T;
  return {
    next,
    integer,
    pick,
    hex,
    chance: (probability) => next() < probability,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${pick(['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`,
    words: (count) => Array.from({ length: count }, () => pick(vocabulary)).join(' '),
  };
}
