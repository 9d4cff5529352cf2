/** Opens when first asked, and again where that failed or gave null. */
export function openedOnce<T>(open: () => Promise<T | null>): {
  get: () => Promise<T | null>;
  /** What is open, if anything is. */
  current: () => Promise<T | null>;
} {
  let opening: Promise<T | null> | null = null;
  const forget = (failed: Promise<T | null>) => {
    if (opening === failed) opening = null;
  };
  return {
    current: () => opening ?? Promise.resolve(null),
    get() {
      if (opening) return opening;
      const begun = open();
      opening = begun;
      begun.then(
        (opened) => {
          if (opened === null) forget(begun);
        },
        () => forget(begun),
      );
      return begun;
    },
  };
}
