/**
 * Told of every service that a world starts. The setup of the end-to-end tests takes this place to hold answers to the
 * document; benchmarks start worlds too, and leave it as it is.
 */
export const startedIssuers: { onStarted: (url: string) => Promise<void> } = {
  onStarted: () => Promise.resolve(),
};
