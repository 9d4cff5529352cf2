/** Knows whether a hint is about what others wrote: what was sent from here need not come back whole. */
export interface Hinted {
  hint: () => void;
  /** A push begins, with something to send or without; to be called when it ends. */
  pushBegins: (hasSomething: boolean) => () => void;
  /** A pull begins; whether it is for a hint about others. */
  pullBegins: () => boolean;
}

export function createHinted(): Hinted {
  let isHinted = false;
  /** Since the last pull began. */
  let hasSent = false;
  let isSending = false;
  return {
    hint() {
      isHinted = true;
    },
    pushBegins(hasSomething) {
      isSending = hasSomething;
      hasSent ||= hasSomething;
      return () => {
        isSending = false;
      };
    },
    pullBegins() {
      const isOfOthers = isHinted && !hasSent;
      isHinted = false;
      hasSent = isSending;
      return isOfOthers;
    },
  };
}
