import { hiddenParts, SHORTEST_PART } from '../primitives/hidden-parts.ts';
import type { Config, SignerConfig } from './config.ts';
import type { Secret } from './secret.ts';

/** Texts that must not stand in any log: keys, and what stands behind the host in URLs of nodes. */
export function secretsOf(config: Config): readonly string[] {
  const { credentials } = config.alpaca;
  const { traces } = config;
  const urls = config.networks.flatMap((it) => [...it.rpcUrls, ...(it.wsUrl === null ? [] : [it.wsUrl])]);
  if (traces !== null) urls.push(traces.url);
  const own = [
    ...config.issuerApiKeys,
    ...config.adminApiKeys.map((it) => it.key),
    ...signerSecrets(config),
    ...(credentials.kind === 'key' ? [credentials.key, credentials.secret] : [credentials.clientSecret]),
  ].map((it) => it.reveal());
  const basic =
    credentials.kind === 'key' ? [basicOf(credentials.key.reveal(), credentials.secret.reveal())] : [];
  // As it stands in the form that the token endpoint takes.
  const spelled = credentials.kind === 'oauth' ? [encodeURIComponent(credentials.clientSecret.reveal())] : [];
  const bareKeys = signerSecrets(config).flatMap((it) => barely(it.reveal()));
  const ofTraces = traces === null ? [] : Object.values(traces.headers).flatMap(headerParts);
  const all = [...own, ...basic, ...spelled, ...bareKeys, ...ofTraces, ...urls.flatMap(hiddenParts)];
  return all.filter((it) => it !== '');
}

function signerSecrets({ signer, retiredSigners }: Config): readonly Secret[] {
  return [signer, ...retiredSigners.flatMap((it) => it.key ?? [])].flatMap(secretsOfSigner);
}

function secretsOfSigner(signer: SignerConfig): readonly Secret[] {
  switch (signer.kind) {
    case 'local':
      return [signer.privateKey];
    case 'turnkey':
      return [signer.apiPrivateKey];
    case 'fireblocks':
      return [signer.apiKey, signer.secret];
    default:
      return signer satisfies never;
  }
}

/** A key without its prefix; a PEM line by line, as errors and dumps may show it. */
function barely(key: string): readonly string[] {
  if (!key.includes('\n')) return [key.replace(/^0x/, '')];
  return key.split('\n').filter((it) => it.length >= SHORTEST_PART && !it.startsWith('-----'));
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
