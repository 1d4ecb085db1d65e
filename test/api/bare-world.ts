import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalPartners } from '../../src/sandbox/local-partners.ts';
import { startLocalPartners } from '../../src/sandbox/local-partners.ts';
import type { RunningIssuer } from '../e2e/issuer-process.ts';
import { startIssuerProcess } from '../e2e/issuer-process.ts';
import { startedIssuers } from '../e2e/started-issuers.ts';
import { BASE } from '../e2e/world.ts';

/** The service with a vault on its chain, before anybody has called it. */
export interface BareWorld {
  readonly url: string;
  readonly partners: LocalPartners;
  /** What the reader of a guide must know: keys, the vault, the participant’s wallet. */
  readonly known: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts it with an Alpaca that takes every callback: its calls to the service are the test's own. */
export async function startBareWorld(): Promise<BareWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'issuance-'));
  const partners = await startLocalPartners({ networks: [BASE] });
  let issuer: RunningIssuer | null = null;
  const stop = async (): Promise<void> => {
    await issuer?.stop('SIGTERM');
    await partners.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    partners.alpaca.script.add({
      endpoint: 'callback_mint',
      times: 'always',
      do: { act: false, reply: { status: 200, body: {} } },
    });
    issuer = await startIssuerProcess({
      ...partners.env,
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: `sqlite:${join(folder, 'issuance.db')}`,
    });
    await startedIssuers.onStarted(issuer.url);
    const base = partners.networks.get('base');
    const known = {
      ADMIN_KEY: partners.keys.admin,
      ALPACA_KEY: partners.keys.alpaca,
      VAULT: base?.vaults.get('tAAPL')?.address ?? '',
      WALLET: base?.wallet(0).address ?? '',
      OUR_WALLET: partners.issuerAddress,
    };
    return { url: issuer.url, partners, known, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
