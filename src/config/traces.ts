import type { Values } from './cross-checks.ts';
import { createSecret, type Secret } from './secret.ts';
import type { SamplerName } from './values.ts';

/** Where traces go, and which. */
export interface TracesConfig {
  /** Path included. */
  readonly url: string;
  /** By name; the values may be keys. */
  readonly headers: Readonly<Record<string, Secret>>;
  readonly sampling: {
    readonly root: 'always_on' | 'always_off' | 'traceidratio';
    /** A caller's trace is recorded when the caller records it. */
    readonly parentBased: boolean;
    /** Of traces, from 0 to 1. */
    readonly ratio: number;
  };
}

/** Null unless a collector is named, and nothing else switches traces off. */
export function tracesConfig(values: Values): TracesConfig | null {
  const { otlpEndpoint, otlpTracesEndpoint, otlpHeaders, tracesExporter, otelDisabled } = values;
  const url = otlpTracesEndpoint ?? (otlpEndpoint === null ? null : `${otlpEndpoint}/v1/traces`);
  if (url === null || tracesExporter === 'none' || otelDisabled === 'true') return null;
  return {
    url,
    headers: otlpHeaders === null ? {} : readHeaders(otlpHeaders.reveal()),
    sampling: { ...SAMPLERS[values.tracesSampler], ratio: values.tracesSamplerRatio },
  };
}

const SAMPLERS = {
  always_on: { root: 'always_on', parentBased: false },
  always_off: { root: 'always_off', parentBased: false },
  traceidratio: { root: 'traceidratio', parentBased: false },
  parentbased_always_on: { root: 'always_on', parentBased: true },
  parentbased_always_off: { root: 'always_off', parentBased: true },
  parentbased_traceidratio: { root: 'traceidratio', parentBased: true },
} as const satisfies Record<SamplerName, unknown>;

function readHeaders(text: string): Readonly<Record<string, Secret>> {
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const [name = '', ...rest] = pair.trim().split('=');
      return [name, createSecret(decodeURIComponent(rest.join('=')))];
    }),
  );
}
