import { beforeAll } from 'vitest';
import { makeFlowDocuments } from '../../support/flows.ts';
import type { TestSettee } from '../../support/settee.ts';
import { madeIn, useSettee } from '../../support/use-settee.ts';
import { registerPersonal, type PersonalAccount } from './personal-account.ts';

/** A server and somebody with a database there, for all tests of a file. */
export function usePersonal(): { settee: TestSettee; account: PersonalAccount } {
  const settee = useSettee();
  return { settee, account: madeIn(beforeAll, () => registerPersonal(settee)) };
}

/** Status and body of an answer. */
export async function reply(answer: Promise<Response>): Promise<[number, unknown]> {
  const got = await answer;
  return [got.status, await got.json()];
}

export function flows(count: number, seed: number) {
  return makeFlowDocuments({ seed, count, size: 3000 });
}
