/** Keys in paths, queries and headers are longer; what is shorter may be an ordinary word (`mainnet`). */
export const SHORTEST_PART = 16;

/**
 * What a URL has that is nobody's business: providers put their keys into paths and queries, and passwords stand before
 * the host. The whole path first, then its parts: a node may repeat the key alone, without the path around it.
 */
export function hiddenParts(text: string): readonly string[] {
  const url = URL.parse(text);
  if (url === null) return [];
  const path = `${url.pathname}${url.search}`;
  const parts = [...url.pathname.split('/'), ...url.searchParams.values()];
  return [
    url.username,
    url.password,
    path.length > 1 ? path : '',
    ...parts.filter((it) => it.length >= SHORTEST_PART),
  ].filter((it) => it !== '');
}
