/** Runs what is done to one flow one after another, in this process; a task that fails does not stop the next. */
export type FlowTurns = <T>(flowId: string, task: () => Promise<T>) => Promise<T>;

export function createFlowTurns(): FlowTurns {
  const last = new Map<string, Promise<unknown>>();
  return (flowId, task) => {
    const before = last.get(flowId) ?? Promise.resolve();
    const turn = before.then(task, task);
    const over = turn.catch(() => undefined).finally(() => last.get(flowId) === over && last.delete(flowId));
    last.set(flowId, over);
    return turn;
  };
}
