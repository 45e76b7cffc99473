// How long to wait between two looks at a job, where the service does not make us wait itself.

const ladderMs = [0, 1000, 2000, 5000, 10_000, 15_000, 20_000]

/** @param look how often the job has been looked at already. */
export function pollWaitMs(look: number): number {
  return ladderMs[Math.min(look, ladderMs.length - 1)] ?? 0
}
