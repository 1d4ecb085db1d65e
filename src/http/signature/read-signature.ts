import type { InnerList, Item, Parameters } from 'structured-headers';
import { isInnerList, parseDictionary, serializeDictionary } from 'structured-headers';

/** A signature as it stands in the headers of a request (RFC 9421, section 4). */
export interface RequestSignature {
  /** What is covered, with the signature's parameters. */
  readonly input: InnerList;
  /** Names of what is covered, in the order of the signature base. */
  readonly components: readonly string[];
  readonly parameters: Parameters;
  readonly signature: Uint8Array;
}

/** Longer headers are no signatures of ours; reading them would only take time. */
const LONGEST_HEADER = 4_096;

/**
 * Reads the one signature of a request. Returns a text that says what is wrong where there is not exactly one, or its
 * syntax is not that of RFC 8941, or something is said twice.
 */
export function readSignature(
  inputHeader: string | undefined,
  signatureHeader: string | undefined,
): RequestSignature | string {
  if (inputHeader === undefined || signatureHeader === undefined) {
    const missing = inputHeader === undefined ? 'Signature-Input' : 'Signature';
    return `the request is not signed: the header ${missing} is missing`;
  }
  const inputs = readDictionary('Signature-Input', inputHeader);
  if (typeof inputs === 'string') return inputs;
  const signatures = readDictionary('Signature', signatureHeader);
  if (typeof signatures === 'string') return signatures;
  const [label, ...others] = inputs.keys();
  if (label === undefined || others.length > 0 || signatures.size !== 1 || !signatures.has(label)) {
    return 'the request must carry exactly one signature, under one label in Signature-Input and in Signature';
  }
  const input = inputs.get(label);
  if (input === undefined || !isInnerList(input)) return 'Signature-Input must list what is covered';
  const [signature] = signatures.get(label) ?? [];
  if (!(signature instanceof ArrayBuffer)) return 'Signature must be a byte sequence';
  const components = readComponents(input[0]);
  if (typeof components === 'string') return components;
  return { input, components, parameters: input[1], signature: new Uint8Array(signature) };
}

/**
 * Reads a dictionary of structured fields. The parser lets the last of two equal names win, and takes other spellings
 * of one value; the signer's and our reading of those could differ, so only what is spelled as it would be written
 * counts.
 */
export function readDictionary(header: string, text: string): ReadonlyMap<string, Item | InnerList> | string {
  const fault = `the header ${header} is no dictionary of structured fields, or says something twice`;
  if (text.length > LONGEST_HEADER) return `the header ${header} is too long`;
  try {
    const dictionary = parseDictionary(text);
    return withoutSpace(serializeDictionary(dictionary)) === withoutSpace(text) ? dictionary : fault;
  } catch {
    return fault;
  }
}

function withoutSpace(text: string): string {
  return text.replaceAll(/[ \t]+/g, '');
}

function readComponents(items: readonly Item[]): readonly string[] | string {
  const names: string[] = [];
  for (const [name, parameters] of items) {
    if (typeof name !== 'string' || !/^@?[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) {
      return 'Signature-Input must cover names of headers in lower case, and derived components';
    }
    if (parameters.size > 0)
      return `the covered component "${name}" has parameters, which are not understood`;
    if (names.includes(name)) return `the component "${name}" is covered twice`;
    names.push(name);
  }
  return names;
}
