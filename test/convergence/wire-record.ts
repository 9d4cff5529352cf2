import type { Model } from './model.ts';
import { tokensIn } from './values.ts';

/** One answer that somebody got, with the time at which each part of it arrived. */
export interface Delivery {
  userId: string;
  device: string;
  request: string;
  sentAt: number;
  status: number;
  parts: { text: string; at: number }[];
}

/** What may still arrive after a remover has his answer: what lay in the network's buffers at that instant. */
const inFlightMilliseconds = 250;

export interface WireRecord {
  begin(delivery: Omit<Delivery, 'parts'>): Delivery;
  /** Deliveries that break the membership of their time, in words. */
  judge(model: Model): string[];
}

/** Keeps every byte that any person's devices and calls were given. */
export function createWireRecord(): WireRecord {
  const deliveries: Delivery[] = [];
  return {
    begin(delivery) {
      const begun = { ...delivery, parts: [] };
      deliveries.push(begun);
      return begun;
    },
    judge: (model) => [...new Set(deliveries.flatMap((delivery) => judgeDelivery(delivery, model)))],
  };
}

function databaseOf(request: string): string | null {
  const name = /\/db\/([^/?]+)/.exec(request)?.[1];
  return name === undefined ? null : decodeURIComponent(name).replace(/-runs-\d{4}-\d{2}$/, '');
}

/** The space of a shared flow is named after it when it is made, and whoever is in a space may know its name. */
const nameOfSpace = /"kind":"shared","name":"[^"]*"/g;

function* arrivals({ parts }: Delivery): Generator<{ token: number; at: number }> {
  const text = parts.map((part) => part.text).join('');
  const whole = text.replaceAll(nameOfSpace, (name) => ' '.repeat(name.length));
  const ends: number[] = [];
  for (const part of parts) ends.push((ends.at(-1) ?? 0) + part.text.length);
  for (const { token, index } of tokensIn(whole)) {
    const part = ends.findIndex((end) => index < end);
    yield { token, at: parts[part]?.at ?? 0 };
  }
}

function judgeDelivery(delivery: Delivery, model: Model): string[] {
  const { userId, device, request, sentAt, status } = delivery;
  const database = databaseOf(request);
  const space = [...model.spaces.values()].find((each) => each.database === database);
  const found: string[] = [];
  for (const { token, at } of arrivals(delivery)) {
    const what = `w${token} of ${[...model.carriersOf(token)].join(', ')}`;
    const where = `to ${device} (${userId}) by ${request} → ${status}, asked at ${sentAt}, arrived at ${at}`;
    if (space && !model.wasMember(space.id, userId, at - inFlightMilliseconds, at))
      found.push(`delivered outside membership of ${space.id}: ${where}`);
    if (!model.mayKnow(userId, token, at))
      found.push(`delivered to somebody who may not know it: ${what} ${where}`);
  }
  return found;
}
