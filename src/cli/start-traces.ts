import packageJson from '../../package.json' with { type: 'json' };
import type { Config } from '../config/config.ts';
import { secretsOf } from '../config/secrets-of.ts';
import type { Ports } from '../ports/ports.ts';
import type { Log } from '../telemetry/log.ts';
import type { Counter } from '../telemetry/metrics.ts';
import type { Tracing } from '../telemetry/otel/start-tracing.ts';
import { environment } from './settings.ts';

/** Begins to send traces where the settings name a collector; else null, and nothing of OpenTelemetry is loaded. */
export async function startTraces({
  config,
  ports,
  log,
  spans,
}: {
  readonly config: Config;
  readonly ports: Ports;
  readonly log: Log;
  readonly spans: Counter;
}): Promise<Tracing | null> {
  const { traces } = config;
  if (traces === null) return null;
  // The SDK reads the process' environment alone, and `.env` counts as much.
  for (const [name, value] of Object.entries(environment())) {
    if (name.startsWith('OTEL_') && value !== undefined) process.env[name] ??= value;
  }
  const headers = Object.fromEntries(
    Object.entries(traces.headers).map(([name, value]) => [name, value.reveal()]),
  );
  const { startTracing } = await import('../telemetry/otel/start-tracing.ts');
  const secrets = secretsOf(config);
  return startTracing({
    ...traces,
    headers,
    serviceVersion: packageJson.version,
    secrets,
    ports,
    log,
    spans,
  });
}
