import { writeSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import type { Instead } from '../app/boot.ts';
import { bootService } from '../app/boot.ts';
import { createTelemetry } from '../app/telemetry.ts';
import { forgetSecrets } from '../config/forget-secrets.ts';
import { secretsOf } from '../config/secrets-of.ts';
import { endsWithin } from '../ports/ends-within.ts';
import { createRealPorts } from '../ports/real-ports.ts';
import { createLineWriter } from '../telemetry/line-writer.ts';
import { createLastingWriter } from '../telemetry/lasting-writer.ts';
import { createLog } from '../telemetry/log.ts';
import { readSettings } from './settings.ts';
import { startTraces } from './start-traces.ts';

/** Longest time that a stop may take before the process ends anyway, ms; what is signed is committed by then. */
const STOP_TIMEOUT_MS = 25_000;
/** Longest wait for a collector at a stop, ms; with what the service takes it stays within the time above. */
const TRACES_END_WITHIN_MS = 3_000;

/**
 * How far the heap may grow beyond what lives before V8 looks for garbage. By default, with a few GB at hand, several
 * times as far: memory that a service of some 60 MB does not need.
 */
const HEAP_GROWTH_PERCENT = 25;

/** Serves until the process is told to stop, and ends it. */
export async function serve(options: {
  readonly migrate: boolean;
  readonly restored: boolean;
  /** What stands in the place of the real thing, for measurements. */
  readonly instead?: Instead;
}): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${String(HEAP_GROWTH_PERCENT)}`);
  const config = readSettings();
  const ports = createRealPorts();
  const write = createLastingWriter({
    stream: process.stdout,
    direct: (text) => void writeSync(process.stdout.fd, text),
    onBroken: (error) => {
      console.error(`issuer: the log cannot be written (${error.message}); the service goes on without it`);
    },
  });
  // Often the same as standard output, and then nobody is left to be told.
  process.stderr.on('error', () => undefined);
  const lines = createLineWriter({
    write,
    defer: (task) => {
      ports.timers.defer(task);
    },
  });
  // However the process ends: its last words say why.
  process.once('exit', lines.flush);
  const log = createLog({
    level: config.log.level,
    format: config.log.format ?? (process.stdout.isTTY ? 'pretty' : 'json'),
    clock: ports.clock,
    write: lines.write,
    secrets: secretsOf(config),
  });
  const asked = Promise.withResolvers<void>();
  const ask = (): void => {
    asked.resolve();
  };
  // Not `once`: npm hands Ctrl-C on to a service that the terminal has told already, and twice is no wish to be killed.
  process.on('SIGTERM', ask);
  process.on('SIGINT', ask);
  // Left to itself, Node opens a debugger on it, to whoever is on this machine, with everything in memory.
  process.on('SIGUSR1', () => {
    log.warn({}, 'SIGUSR1 is ignored: a debugger would show every secret of the process');
  });
  if (config.alpacaIpRanges.length === 0) {
    log.warn({}, 'ALPACA_IP_RANGES is empty: every address may call the routes of Alpaca, if it has the key');
  }
  const figures = createTelemetry({ ...ports, log });
  figures.prometheus.addProcessMetrics();
  const tracing = await startTraces({ config, ports, log, spans: figures.metrics.spans });
  // Traces were the last to read it.
  forgetSecrets(process.env);
  const telemetry = tracing === null ? figures : { ...figures, tracer: tracing.tracer };
  if (config.alpacaSigningKeys.length > 0 && config.issuerApiKeys.length > 0) {
    log.warn({}, 'ISSUER_API_KEY opens nothing while ALPACA_SIGNING_KEYS is set: remove it');
  }
  const { service, url } = await bootService({
    config,
    ports,
    log,
    telemetry,
    ...options,
    onFatal: (error) => {
      // Nothing more can be stored, so nothing may go on: the next start reads what is on disk.
      log.error({ alarm: 'store_stopped', err: error }, 'the store stopped for good; the process ends');
      process.exit(1);
    },
  });
  // Part of the product's face: scripts wait for this line, whatever the log's format and level.
  write(`${JSON.stringify({ msg: 'listening', url })}\n`);
  await asked.promise;
  const cancel = ports.timers.after(STOP_TIMEOUT_MS, () => {
    log.error({ alarm: 'stop_too_slow' }, 'the stop took too long; the process ends');
    process.exit(1);
  });
  await service.stop();
  // What the collector does not take in time is lost, and nothing else.
  if (tracing !== null) await endsWithin(ports.timers, TRACES_END_WITHIN_MS, tracing.stop());
  cancel();
  // A request that a node never answers would keep the process alive until its time limit.
  process.exit(0);
}
