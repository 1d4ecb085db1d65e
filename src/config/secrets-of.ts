import { hiddenParts, SHORTEST_PART } from '../primitives/hidden-parts.ts';
import type { Config } from './config.ts';
import type { Secret } from './secret.ts';

/** Texts that must not stand in any log: keys, and what stands behind the host in URLs of nodes. */
export function secretsOf(config: Config): readonly string[] {
  const { credentials } = config.alpaca;
  const { traces } = config;
  const signers = [config.signer, ...config.retiredSigners.flatMap((it) => it.key ?? [])];
  const signerKeys = signers.map((it) => (it.kind === 'local' ? it.privateKey : it.apiPrivateKey));
  const urls = config.networks.flatMap((it) => [...it.rpcUrls, ...(it.wsUrl === null ? [] : [it.wsUrl])]);
  if (traces !== null) urls.push(traces.url);
  const own = [
    ...config.issuerApiKeys,
    ...config.adminApiKeys.map((it) => it.key),
    ...signerKeys,
    ...(credentials.kind === 'key' ? [credentials.key, credentials.secret] : [credentials.clientSecret]),
  ].map((it) => it.reveal());
  const basic =
    credentials.kind === 'key' ? [basicOf(credentials.key.reveal(), credentials.secret.reveal())] : [];
  // As it stands in the form that the token endpoint takes.
  const spelled = credentials.kind === 'oauth' ? [encodeURIComponent(credentials.clientSecret.reveal())] : [];
  const bareKeys = signerKeys.map((it) => it.reveal().replace(/^0x/, ''));
  const ofTraces = traces === null ? [] : Object.values(traces.headers).flatMap(headerParts);
  const all = [...own, ...basic, ...spelled, ...bareKeys, ...ofTraces, ...urls.flatMap(hiddenParts)];
  return all.filter((it) => it !== '');
}

/** Behind its scheme, a header's value is the key itself. */
function headerParts(value: Secret): readonly string[] {
  const text = value.reveal();
  return [text, ...text.split(' ').filter((it) => it.length >= SHORTEST_PART)];
}

/** As it stands in the header of Basic authentication. */
function basicOf(key: string, secret: string): string {
  return Buffer.from(`${key}:${secret}`).toString('base64');
}
