import type { Sampler } from '@opentelemetry/sdk-trace';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';

/** Which traces are recorded. */
export interface Sampling {
  readonly root: 'always_on' | 'always_off' | 'traceidratio';
  /** A caller's trace is recorded when the caller records it. */
  readonly parentBased: boolean;
  /** Of traces, from 0 to 1, for `traceidratio`. */
  readonly ratio: number;
}

/** `root` decides on traces that begin here, `all` on every span. */
export function createSamplers({ root: name, parentBased, ratio }: Sampling): {
  readonly root: Sampler;
  readonly all: Sampler;
} {
  const root =
    name === 'always_off'
      ? new AlwaysOffSampler()
      : name === 'traceidratio'
        ? new TraceIdRatioBasedSampler(ratio)
        : new AlwaysOnSampler();
  return { root, all: parentBased ? new ParentBasedSampler({ root }) : root };
}
