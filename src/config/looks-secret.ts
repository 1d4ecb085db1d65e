/** A private key in hex, or anything as long that may be one. */
const LONG_HEX = /[0-9a-f]{64}/i;
/** A key in PEM. Public ones too: nobody types those into the wrong variable on purpose either. */
const PEM = /-----BEGIN|PRIVATE KEY/;
/** What stands before the host of a URL. */
const URL_CREDENTIALS = /\/\/[^/@\s]*@/g;
/** What people write where a path is meant: from a folder on, or with an ending. */
const PATH = /^[^\s=]*$/;
const PATH_LIKE = /^(\.{0,2}\/|~\/|[A-Za-z]:\\)|\.[a-z0-9]{1,5}$/;
/** No folder or file is called this; keys in base64 and hex are. */
const LONG_RUN = /[A-Za-z0-9+=]{32,}/;

/**
 * Whether a text may be a key that was put into the wrong variable: then it is not repeated where the fault is told,
 * which goes to a terminal and into the logs of whoever starts the service.
 */
export function looksSecret(text: string): boolean {
  return LONG_HEX.test(text) || PEM.test(text);
}

/** The same text without what stands before the host of URLs in it. */
export function withoutUrlCredentials(text: string): string {
  return text.replaceAll(URL_CREDENTIALS, '//[secret]@');
}

/** A path as it may be shown; what may be the secret itself, given in place of its file, is not. */
export function showPath(path: string): string {
  const isPath = PATH.test(path) && PATH_LIKE.test(path) && !LONG_RUN.test(path) && !looksSecret(path);
  return isPath ? `'${path}'` : `${hidden(path)} that does not look like a path`;
}

/** Says that there is a text, and nothing of it. */
export function hidden(text: string): string {
  return `[text of ${String(text.length)} characters]`;
}
