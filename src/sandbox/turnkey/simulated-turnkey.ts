import { createHash, createPublicKey, verify } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getAddress, parseTransaction, serializeTransaction, toHex, type Hex } from 'viem';
import type { PrivateKeyAccount } from 'viem/accounts';
import { z } from 'zod';
import { systemRandom } from '../../ports/system.ts';
import { uuidV4 } from '../../primitives/uuid.ts';
import { createListener } from '../listener.ts';
import { publicKeyObject } from './api-key.ts';

/**
 * A Turnkey on loopback, from its public documents: it verifies the stamp of every request, takes requests with the
 * same body for one activity, asks its policy and people where told to, and signs with a key of its own.
 */
export interface SimulatedTurnkey {
  readonly url: string;
  start(): Promise<string>;
  stop(): Promise<void>;
  /** What becomes of the next requests to sign that are new to it, in this order; `sign` once they are used up. */
  script(...behaviours: readonly Behaviour[]): void;
  /** The same for every request from now on, until told otherwise. */
  always(behaviour: Behaviour): void;
  /** Every activity, oldest first. */
  activities(): readonly Activity[];
  /** People vote: a waiting activity goes on. */
  decide(id: string, verdict: 'approve' | 'reject'): void;
  /** Requests to sign that came in, repeats included. */
  requests(): number;
}

export type Behaviour =
  | { readonly kind: 'sign' }
  /** Worked on for this many questions, under this status; then signed. */
  | { readonly kind: 'pending'; readonly questions: number; readonly status?: string }
  /** Waits until people decide. */
  | { readonly kind: 'consensus' }
  | { readonly kind: 'fail' | 'reject'; readonly message?: string }
  /** No activity comes to be. */
  | { readonly kind: 'answer'; readonly status: number; readonly body: unknown; readonly headers?: Headers }
  /** Signs, and the answer is lost. */
  | { readonly kind: 'lost' }
  /** Signs something else than it was asked for. */
  | { readonly kind: 'alter'; readonly change: (transaction: Transaction) => Transaction }
  /** Signs with the greater one of the two values of s. */
  | { readonly kind: 'high_s' }
  /** Completed, with this in place of signed bytes. */
  | { readonly kind: 'garble'; readonly signed: string | null };

type Headers = Readonly<Record<string, string>>;
export type Transaction = ReturnType<typeof parseTransaction<`0x02${string}`>>;

export interface Activity {
  readonly id: string;
  readonly status: string;
  /** Signed bytes without `0x`; null until there are some. */
  readonly signed: string | null;
  readonly unsigned: Hex;
}

interface OpenActivity {
  id: string;
  status: string;
  signed: string | null;
  unsigned: Hex;
  questionsLeft: number;
  message: string | null;
  behaviour: Behaviour;
}

const requestSchema = z.object({
  type: z.literal('ACTIVITY_TYPE_SIGN_TRANSACTION_V2'),
  timestampMs: z.string().regex(/^\d+$/),
  organizationId: z.string(),
  parameters: z.object({
    signWith: z.string(),
    unsignedTransaction: z.string().regex(/^02[0-9a-f]+$/),
    type: z.literal('TRANSACTION_TYPE_ETHEREUM'),
  }),
});

const stampSchema = z.object({
  publicKey: z.string(),
  scheme: z.literal('SIGNATURE_SCHEME_TK_API_P256'),
  signature: z.string().regex(/^[0-9a-f]+$/),
});

/** Order of secp256k1 (SEC 2, section 2.4.1). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const PATH = '/public/v1/submit/sign_transaction';
/** Larger ones are no transaction of ours. */
const MAX_BODY_BYTES = 1024 * 1024;

export function createSimulatedTurnkey(options: {
  readonly organizationId: string;
  /** Compressed P-256 key of the only user. */
  readonly apiPublicKey: string;
  /** The account that it holds the key of. */
  readonly account: PrivateKeyAccount;
}): SimulatedTurnkey {
  const { organizationId, apiPublicKey, account } = options;
  const publicKey = createPublicKey({ key: publicKeyObject(apiPublicKey), format: 'jwk' });
  const byFingerprint = new Map<string, OpenActivity>();
  let scripted: Behaviour[] = [];
  let standing: Behaviour = { kind: 'sign' };
  let requests = 0;
  let url = '';

  const isStamped = (header: string | undefined, body: Buffer): boolean => {
    const stamp = stampSchema.safeParse(parse(Buffer.from(header ?? '', 'base64url').toString('utf8')));
    if (!stamp.success || stamp.data.publicKey !== apiPublicKey) return false;
    return verify('sha256', body, publicKey, Buffer.from(stamp.data.signature, 'hex'));
  };

  const signedBy = async (unsigned: Hex, behaviour: Behaviour): Promise<string | null> => {
    if (behaviour.kind === 'garble') return behaviour.signed;
    const asked = parseTransaction(unsigned as `0x02${string}`);
    const wanted = behaviour.kind === 'alter' ? behaviour.change(asked) : asked;
    const raw = await account.signTransaction({ ...wanted, type: 'eip1559' });
    return (behaviour.kind === 'high_s' ? withHighS(raw) : raw).slice(2);
  };

  const advance = async (activity: OpenActivity): Promise<void> => {
    const { behaviour } = activity;
    if (activity.status === 'ACTIVITY_STATUS_COMPLETED' || activity.message !== null) return;
    if (behaviour.kind === 'consensus') return;
    if (behaviour.kind === 'fail' || behaviour.kind === 'reject') {
      activity.status = behaviour.kind === 'fail' ? 'ACTIVITY_STATUS_FAILED' : 'ACTIVITY_STATUS_REJECTED';
      activity.message = behaviour.message ?? 'no reason';
      return;
    }
    if (activity.questionsLeft > 0) {
      activity.questionsLeft -= 1;
      return;
    }
    activity.signed = await signedBy(activity.unsigned, behaviour);
    activity.status = 'ACTIVITY_STATUS_COMPLETED';
  };

  const submit = async (body: Buffer): Promise<Answer> => {
    const read = requestSchema.safeParse(parse(body.toString('utf8')));
    if (!read.success) return refusal(400, 3, `malformed: ${read.error.message}`);
    const { organizationId: named, parameters } = read.data;
    if (named !== organizationId) return refusal(404, 5, `organization ${named} is unknown`);
    if (parameters.signWith !== getAddress(account.address)) {
      return refusal(404, 5, `no key for ${parameters.signWith}`);
    }
    requests += 1;
    const fingerprint = createHash('sha256').update(body).digest('hex');
    const known = byFingerprint.get(fingerprint);
    const behaviour = known?.behaviour ?? scripted.shift() ?? standing;
    if (behaviour.kind === 'answer') {
      const { status, body: text, headers = {} } = behaviour;
      return { status, body: typeof text === 'string' ? text : JSON.stringify(text), headers, isLost: false };
    }
    const activity = known ?? newActivity(behaviour, `0x${parameters.unsignedTransaction}`);
    byFingerprint.set(fingerprint, activity);
    await advance(activity);
    // The first answer is lost; whoever asks the same again gets it.
    const isLost = behaviour.kind === 'lost' && known === undefined;
    return { status: 200, body: JSON.stringify({ activity: onWire(activity) }), headers: {}, isLost };
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const stamp = request.headers['x-stamp'];
    const answer = !isStamped(typeof stamp === 'string' ? stamp : undefined, body)
      ? refusal(401, 16, 'the stamp is missing or wrong')
      : request.method === 'POST' && request.url === PATH
        ? await submit(body)
        : refusal(404, 5, 'not found');
    if (answer.isLost) {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(answer.body);
  };

  const listener = createListener((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  }, 0);

  return {
    get url() {
      return url;
    },
    async start() {
      url = `http://127.0.0.1:${String(await listener.open())}`;
      return url;
    },
    stop: () => listener.close(),
    script(...behaviours) {
      scripted = [...behaviours];
    },
    always(behaviour) {
      standing = behaviour;
    },
    activities: () =>
      [...byFingerprint.values()].map(({ id, status, signed, unsigned }) => ({
        id,
        status,
        signed,
        unsigned,
      })),
    decide(id, verdict) {
      const activity = [...byFingerprint.values()].find((it) => it.id === id);
      if (activity === undefined) throw new RangeError(`there is no activity ${id}`);
      activity.behaviour =
        verdict === 'approve' ? { kind: 'sign' } : { kind: 'reject', message: 'people said no' };
    },
    requests: () => requests,
  };
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;
  readonly isLost: boolean;
}

/** Errors in the form of gRPC's JSON, as the documents show them. */
function refusal(status: number, code: number, message: string): Answer {
  return { status, body: JSON.stringify({ code, message, details: [] }), headers: {}, isLost: false };
}

function newActivity(behaviour: Exclude<Behaviour, { kind: 'answer' }>, unsigned: Hex): OpenActivity {
  const pending = behaviour.kind === 'pending' ? behaviour : null;
  const consensus = behaviour.kind === 'consensus' ? 'ACTIVITY_STATUS_CONSENSUS_NEEDED' : null;
  return {
    id: uuidV4(systemRandom.bytes(16)),
    status: consensus ?? pending?.status ?? 'ACTIVITY_STATUS_PENDING',
    signed: null,
    unsigned,
    questionsLeft: pending?.questions ?? 0,
    message: null,
    behaviour,
  };
}

function onWire({ id, status, signed, message }: OpenActivity): unknown {
  const isDone = status === 'ACTIVITY_STATUS_COMPLETED';
  return {
    id,
    status,
    type: 'ACTIVITY_TYPE_SIGN_TRANSACTION_V2',
    result: isDone
      ? signed === null
        ? {}
        : { signTransactionResult: { signedTransaction: signed } }
      : undefined,
    failure: message === null ? undefined : { code: 7, message, details: [] },
    canApprove: status === 'ACTIVITY_STATUS_CONSENSUS_NEEDED',
  };
}

function withHighS(raw: Hex): Hex {
  const { r, s, yParity, v: _v, ...transaction } = parseTransaction(raw as `0x02${string}`);
  if (r === undefined || s === undefined || yParity === undefined) return raw;
  const high = toHex(ORDER - BigInt(s), { size: 32 });
  return serializeTransaction(transaction, { r, s: high, yParity: 1 - yParity });
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BODY_BYTES) throw new RangeError('the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the schema refuses it.
    return undefined;
  }
}
