/** What one call to Alpaca shows of us. */
export interface Presented {
  readonly headers: Readonly<Record<string, string>>;
  /** Texts in them that must stand in no message, although Alpaca may repeat what it was sent. */
  readonly secrets: readonly string[];
  /** Alpaca answered 401 to them. True: others can be had, so that the call is worth a second try. */
  refused(): boolean;
}

/** How we prove to Alpaca who we are. */
export interface Credentials {
  /** @throws DependencyDown (`alpaca`) when there are none to be had just now */
  present(): Promise<Presented>;
}

/** Creates the credentials of a key and its secret, which never change. */
export function createKeyCredentials(key: string, secret: string): Credentials {
  const basic = Buffer.from(`${key}:${secret}`).toString('base64');
  const presented: Presented = {
    headers: {
      // Production takes either scheme on different hosts; peers send both together.
      authorization: `Basic ${basic}`,
      'apca-api-key-id': key,
      'apca-api-secret-key': secret,
    },
    secrets: [secret, basic],
    refused: () => false,
  };
  return { present: () => Promise.resolve(presented) };
}

/** Shorter ones would blot out ordinary words. */
const SHORTEST_SECRET = 8;

/** Replaces secrets in a text of the other side, as they are and as a form spells them. */
export function blotOut(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((it) => it.length >= SHORTEST_SECRET)
    .flatMap((it) => [it, encodeURIComponent(it), formSpelling(it)])
    .toSorted((a, b) => b.length - a.length)
    .reduce((clean, it) => clean.replaceAll(it, '[secret]'), text);
}

function formSpelling(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}
