import { endedError, feedOf, type Exchange } from './exchange.ts';
import { emptyLongpoll } from './feed-end.ts';
import { endsMembership, type EndReason } from './open-requests.ts';
import { sendError, sendText } from './replies.ts';

/** How long the engine may take to answer a write that it has whole. */
const storingMilliseconds = 5000;

function drop(exchange: Exchange, reason: EndReason): void {
  exchange.controller.abort();
  sendError(exchange.response, endedError(reason));
}

/**
 * Ends an exchange that is not a feed: its engine side is dropped, and the caller told why where that can be. A write
 * that the engine has whole may be stored by now: its answer is the truth, and the membership's end waits for it.
 */
export function breakOff(exchange: Exchange, reason: EndReason): void {
  if (reason === 'closing') return;
  const { response, open } = exchange;
  const isMembership = endsMembership(reason) || reason === 'membership_changed';
  if (!isMembership || open.storing === undefined) return drop(exchange, reason);
  const timer = setTimeout(() => drop(exchange, reason), storingMilliseconds);
  response.once('close', () => clearTimeout(timer));
}

/** Ends a feed that the engine has not begun to answer. */
export function endSilentFeed(exchange: Exchange, reason: EndReason, since: string | undefined): void {
  const isRefused = endsMembership(reason) || reason === 'session-ended';
  if (isRefused || since === 'now') return drop(exchange, reason);
  const { controller, response } = exchange;
  controller.abort();
  if (feedOf(exchange.query) === 'longpoll') return sendText(response, 200, emptyLongpoll(since ?? '0'));
  response.writeHead(200, { 'content-type': 'application/json' }).end();
}
