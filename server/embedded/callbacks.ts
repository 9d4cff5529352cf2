/** Awaits a Node-style function: `await result((done) => handle._get(id, {}, done))`. */
export function result<T>(start: (done: (error: unknown, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error) reject(error);
      else resolve(value as T);
    });
  });
}
