/** Lets tasks of one name run one after the other, and those of different names side by side. */
export interface Turns {
  /** Resolves or rejects with what the task does. */
  run<Result>(name: string, task: () => Promise<Result>): Promise<Result>;
}

/** Creates turns. They order what is begun in this process only, and are no safety: a commit's versions are. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return {
    run(name, task) {
      const before = last.get(name) ?? Promise.resolve();
      const result = before.then(task);
      // Whoever comes next waits for the end of it, whatever that is.
      const ended = result.then(
        () => forget(),
        () => forget(),
      );
      const forget = (): void => {
        if (last.get(name) === ended) last.delete(name);
      };
      last.set(name, ended);
      return result;
    },
  };
}
