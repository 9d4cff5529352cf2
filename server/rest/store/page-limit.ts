/** How many documents to ask for at once, so that a page of large ones is not too much to hold. */
export interface PageLimit {
  next(): number;
  /** Takes note of a page that was read; answers how many characters of JSON it has. */
  note(page: readonly object[]): number;
}

/** Documents may have 8 MiB each: the first page, of which nothing is known yet, is short. */
const first = 8;
const most = 32;
const charactersInPage = 8_000_000;

/** Makes a limit for reading page after page: as many documents of the last page's size as are not too much together. */
export function createPageLimit(): PageLimit {
  let limit = first;
  return {
    next: () => limit,
    note(page) {
      const characters = page.reduce((sum, document) => sum + JSON.stringify(document).length, 0);
      const fitting = Math.floor((charactersInPage * page.length) / Math.max(1, characters));
      limit = Math.max(1, Math.min(most, fitting));
      return characters;
    },
  };
}
