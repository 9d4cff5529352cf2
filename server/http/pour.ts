import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

/**
 * Sends a stream as the body of an answer, and ends both where one of them breaks. Resolves when all was handed over;
 * rejects where it was not. Node's `pipeline` does the same with seven listeners for the response's close, which with
 * the few of a request are as many as Node takes without a warning.
 */
export function pour(source: Readable, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    function breakOff(error: Error): void {
      source.destroy();
      response.destroy();
      reject(error);
    }
    // Errors that come later, of what was destroyed here, say nothing new.
    source.on('error', breakOff);
    response.on('error', breakOff);
    source.once('close', () => {
      if (!source.readableEnded) breakOff(new Error('The source of an answer broke off.'));
    });
    response.once('close', () => {
      if (response.writableFinished) resolve();
      else breakOff(new Error('The caller went away before the end of an answer.'));
    });
    if (response.destroyed) breakOff(new Error('The caller went away before an answer.'));
    else source.pipe(response);
  });
}
