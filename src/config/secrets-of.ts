import type { Config } from './config.ts';

/** Texts that must not stand in any log: keys, and what stands behind the host in URLs of nodes. */
export function secretsOf(config: Config): readonly string[] {
  const { credentials } = config.alpaca;
  const urls = config.networks.flatMap((it) => [...it.rpcUrls, ...(it.wsUrl === null ? [] : [it.wsUrl])]);
  const own = [
    ...config.issuerApiKeys,
    ...config.adminApiKeys.map((it) => it.key),
    config.signer.privateKey,
    ...(credentials.kind === 'key' ? [credentials.key, credentials.secret] : [credentials.clientSecret]),
  ].map((it) => it.reveal());
  const bareKey = config.signer.privateKey.reveal().replace(/^0x/, '');
  return [...own, bareKey, ...urls.flatMap(hiddenParts)].filter((it) => it !== '');
}

function hiddenParts(text: string): readonly string[] {
  const url = URL.parse(text);
  if (url === null) return [];
  const path = `${url.pathname}${url.search}`;
  return [url.password, path.length > 1 ? path : ''];
}
