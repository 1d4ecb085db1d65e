import { createWriteStream, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootService } from '../app/boot.ts';
import type { Service } from '../app/service.ts';
import { createRealPorts } from '../ports/real-ports.ts';
import { createIssuerApi } from '../sandbox/issuer-api.ts';
import type { LocalPartners } from '../sandbox/local-partners.ts';
import { startLocalPartners } from '../sandbox/local-partners.ts';
import type { SandboxSigner } from '../sandbox/signer-kinds.ts';
import { createLog } from '../telemetry/log.ts';
import { createNarrator } from './narrator.ts';
import type { Narrator } from './narrator.ts';
import { readSettings } from './settings.ts';
import { SANDBOX_ASSET, farewell, introduceParticipant, showMint, showRedemption } from './tour.ts';

/** Starts the sandbox, takes the tour, and stays up until the process is told to stop. */
export async function runSandbox(options: {
  readonly once: boolean;
  readonly port: number;
  readonly signer: SandboxSigner;
}): Promise<void> {
  const stop = new AbortController();
  const asked = Promise.withResolvers<void>();
  const stopAsked = (): void => {
    stop.abort();
    asked.resolve();
  };
  process.on('SIGINT', stopAsked);
  process.on('SIGTERM', stopAsked);
  const narrator = createNarrator((line) => process.stdout.write(`${line}\n`));
  const running: { stop(): Promise<void> }[] = [];
  try {
    const sandbox = await startSandbox(narrator, {
      port: options.port,
      signer: options.signer,
      running,
      signal: stop.signal,
    });
    await takeTour(narrator, sandbox, { signal: stop.signal, stays: !options.once });
    if (!options.once) await asked.promise;
  } catch (error) {
    // A stop in the middle ends the tour by an error of its own; anything else is a failure.
    if (!stop.signal.aborted) throw error;
  } finally {
    narrator.say('stopping');
    // In the order opposite to the start.
    for (const part of running.toReversed()) await part.stop();
    process.removeListener('SIGINT', stopAsked);
    process.removeListener('SIGTERM', stopAsked);
  }
}

interface Sandbox {
  readonly partners: LocalPartners;
  readonly service: Service;
  readonly url: string;
  readonly folder: string;
}

/** Starts the parts one after another; each stands in `running` as soon as there is something to stop. */
async function startSandbox(
  narrator: Narrator,
  {
    port,
    signer,
    running,
    signal,
  }: {
    readonly port: number;
    readonly signer: SandboxSigner;
    readonly running: { stop(): Promise<void> }[];
    readonly signal: AbortSignal;
  },
): Promise<Sandbox> {
  const folder = mkdtempSync(join(tmpdir(), 'issuance-sandbox-'));
  const logPath = join(folder, 'issuer.log');
  narrator.say(
    'starting a local chain, a vault and a simulated Alpaca; the first mint takes some ten seconds',
  );
  const { underlying, token, network } = SANDBOX_ASSET;
  const partners = await startLocalPartners({
    networks: [
      { network, chain: { blockTimeSeconds: 1, slotsInAnEpoch: 1 }, vaults: [{ underlying, token }] },
    ],
    alpaca: { journalDelayMs: 1_500 },
    signer,
    onReady: (what) => {
      narrator.say(what);
    },
  });
  running.push(partners);
  signal.throwIfAborted();
  const config = readSettings({
    ...partners.env,
    HOST: '127.0.0.1',
    PORT: String(port),
    DATABASE_URL: `sqlite:${join(folder, 'issuance.db')}`,
  });
  const ports = createRealPorts();
  const file = createWriteStream(logPath);
  const { service, url } = await bootService({
    config,
    ports,
    log: createLog({
      level: 'info',
      format: 'json',
      clock: ports.clock,
      write: (line) => void file.write(line),
    }),
    migrate: true,
    restored: false,
    onFatal: (error) => {
      console.error(`issuer: the store stopped for good: ${error.message}`);
      process.exit(1);
    },
  });
  running.push(service);
  partners.alpaca.setIssuer({ url, apiKey: partners.keys.alpaca });
  narrator.say(`issuer at ${url}; database and log in ${folder}`);
  return { partners, service, url, folder };
}

async function takeTour(
  narrator: Narrator,
  { partners, url, folder }: Sandbox,
  { signal, stays }: { readonly signal: AbortSignal; readonly stays: boolean },
): Promise<void> {
  const api = createIssuerApi(url, partners.keys.admin);
  const context = { narrator, api, partners, signal };
  await introduceParticipant(context);
  const mint = await showMint(context, '10');
  const redemption = await showRedemption(context, '2.5');
  farewell(context, { mint, redemption, folder, stays });
}
