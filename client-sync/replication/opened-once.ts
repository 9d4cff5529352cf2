/** Opens when first asked, and again where that failed or gave null. */
export interface OpenedOnce<T> {
  get: () => Promise<T | null>;
  /** What is open, if anything is. */
  current: () => Promise<T | null>;
  /** Opens anew when next asked. */
  forget: () => void;
}

export function openedOnce<T>(open: () => Promise<T | null>): OpenedOnce<T> {
  let opening: Promise<T | null> | null = null;
  const forgetFailed = (failed: Promise<T | null>) => {
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
          if (opened === null) forgetFailed(begun);
        },
        () => forgetFailed(begun),
      );
      return begun;
    },
    forget() {
      opening = null;
    },
  };
}
