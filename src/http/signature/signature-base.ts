import { serializeInnerList, serializeItem } from 'structured-headers';
import type { RequestSignature } from './read-signature.ts';

/** What of a request can be signed. */
export interface SignedMessage {
  readonly method: string;
  /** The URL that the caller used, as text and without a fragment. */
  readonly targetUri: string;
  /** Names and values in turn, as they arrived. */
  readonly rawHeaders: readonly string[];
}

/**
 * The text that was signed (RFC 9421, section 2.5), as the bytes that arrived: one latin-1 character a byte. Null with
 * the name of a component that the request does not have.
 */
export function signatureBase(
  message: SignedMessage,
  { input, components }: Pick<RequestSignature, 'input' | 'components'>,
): { readonly base: string } | { readonly missing: string } {
  let base = '';
  for (const name of components) {
    const value = name.startsWith('@') ? derived(message, name) : field(message.rawHeaders, name);
    if (value === null) return { missing: name };
    base += `${serializeItem(name)}: ${value}\n`;
  }
  return { base: `${base}"@signature-params": ${serializeInnerList(input)}` };
}

/** Derived components of a request (RFC 9421, section 2.2); null for all that there are not. */
function derived({ method, targetUri }: SignedMessage, name: string): string | null {
  const [, scheme = '', authority = '', path = '', query = ''] =
    /^([a-z]+):\/\/([^/?]*)([^?]*)(\?.*)?$/.exec(targetUri) ?? [];
  switch (name) {
    case '@method':
      return method;
    case '@target-uri':
      return targetUri;
    case '@scheme':
      return scheme;
    case '@authority':
      return authority;
    case '@path':
      return path === '' ? '/' : path;
    case '@query':
      return query === '' ? '?' : query;
    case '@request-target':
      return `${path}${query}`;
    default:
      return null;
  }
}

/** All values under one name, as they would stand in a single line; null when there is none. */
function field(rawHeaders: readonly string[], name: string): string | null {
  const values: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === name) values.push((rawHeaders[at + 1] ?? '').trim());
  }
  return values.length === 0 ? null : values.join(', ');
}
