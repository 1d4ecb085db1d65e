/** What stands at the head of the OpenAPI document. docs/api.md says the same at more length, with examples. */
export const INTRODUCTION = `The issuer's side of Alpaca's Instant Tokenization Network: shares into tokens, and back.

**Who calls what.** Routes tagged \`alpaca\` are for Alpaca, with its key in \`X-API-KEY\` (or signed requests) from
the addresses of \`ALPACA_IP_RANGES\`. All others but \`/health\` and \`/ready\` are for operators, from the addresses
of \`INTERNAL_IP_RANGES\`, with a key of their own in the same header. The address is checked before the key.

**Two generations.** Alpaca's paths of the first generation are served by the same handlers, and are marked deprecated.
Field names of both generations are understood on either path.

**Quantities** are decimal strings of tokens, exact to 18 decimals. A request may send a JSON number: its digits are
read as they were sent, and none is lost. At most nine decimals are taken from Alpaca.

**Times** are RFC 3339 in UTC. **Addresses and hashes** are answered in lower case.

**Pages.** Lists take \`limit\` and \`cursor\`, and answer \`next_cursor\`: null after the last page.

**The page** at \`/docs\`, and the files that it is made of, are for people: they show this document, and are no part
of what it describes.

**Errors** are \`application/problem+json\` with a stable \`code\`. Every answer carries its id in \`x-request-id\`.`;

export const TAGS = [
  {
    name: 'alpaca',
    description: 'What Alpaca calls. All of it may be repeated: the answer is the first one.',
  },
  { name: 'accounts', description: 'Authorized participants and their wallets.' },
  { name: 'assets', description: 'Which token of which underlying is on which network, in which vault.' },
  {
    name: 'operations',
    description: 'Mints, redemptions, refunds and transfers: as they are, as they were, and event by event.',
  },
  { name: 'books', description: 'Receipts, and what is compared with the chain and with Alpaca.' },
  { name: 'custody', description: 'Who signs for each network, and moving to another key.' },
  { name: 'lanes', description: 'What signs, and what is stopped.' },
  { name: 'service', description: 'Whether the service runs, and what it offers.' },
] as const;

export const SECURITY_SCHEMES = {
  alpacaKey: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-KEY',
    description: 'The key that was agreed with Alpaca (`ISSUER_API_KEY`).',
  },
  alpacaSignature: {
    type: 'apiKey',
    in: 'header',
    name: 'Signature',
    description:
      'HTTP Message Signatures (RFC 9421) with Ed25519, in place of the key where `ALPACA_SIGNING_KEYS` is set. ' +
      '`Signature-Input` names the key and covers `@method` and `@target-uri`, and on requests with a body also ' +
      '`content-type` and `content-digest` (`Content-Digest: sha-256=:…:`). `@target-uri` is built from `PUBLIC_URL`.',
  },
  operatorKey: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-KEY',
    description: 'An operator’s own key (`ISSUER_ADMIN_API_KEY`); its name is the actor in the log.',
  },
} as const;
