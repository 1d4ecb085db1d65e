import type { Address, Hex } from 'viem';
import { DependencyDown } from '../../engine/dependency-down.ts';
import type { CallReport, CallStage, Custodian, Submitted } from '../../signer/custodian.ts';
import { signerDependency } from '../../signer/signer.ts';
import type { TestChain } from '../test-chain.ts';
import { SIGNER, signOutside } from '../test-world.ts';

/** What became of one request at the test custodian. */
export interface TestCall {
  readonly id: string;
  readonly request: Request;
  status: string;
  subStatus: string | null;
  stage: CallStage;
  hashes: Hex[];
  nonce: number | null;
}

interface Request {
  readonly externalId: string;
  readonly to: Address;
  readonly data: Hex;
}

/** `lost`: taken, and the answer does not arrive. */
type Answer = 'take' | 'lost' | 'down' | 'refuse';

/** A custodian that does as it is told, and broadcasts to the test chain when it is told to. */
export interface TestCustodian {
  readonly custodian: Custodian;
  /** Every request that came in, in order, as text. */
  readonly submitted: string[];
  readonly calls: TestCall[];
  answer: Answer;
  /** Nothing can be looked up. */
  hidden: boolean;
  /** Reports say something else than what was asked for. */
  altered: boolean;
  readonly cancelled: string[];
  readonly listedSince: number[];
  whitelisted: boolean;
  /** Signs and sends it, at the next nonce unless one is given; names the hash unless told otherwise. */
  broadcast(
    at?: number,
    how?: { readonly nonce?: number; readonly tells?: boolean; readonly fee?: bigint; readonly data?: Hex },
  ): Promise<Hex>;
  end(status: string, subStatus: string | null, stage: CallStage, at?: number): void;
  /** Takes in a request as if an earlier process had sent it. */
  take(request: Request): TestCall;
}

export function createTestCustodian(chain: TestChain): TestCustodian {
  let nonce = 0;
  const calls: TestCall[] = [];
  const down = () => new DependencyDown(signerDependency('fireblocks'), 'the custodian answered 503');
  const at = (index: number): TestCall => {
    const call = calls.at(index);
    if (call === undefined) throw new Error(`no call ${String(index)}`);
    return call;
  };
  const reportOf = ({
    id,
    request,
    status,
    subStatus,
    stage,
    hashes,
    nonce: known,
  }: TestCall): CallReport => ({
    custodianId: id,
    externalId: request.externalId,
    status,
    subStatus,
    message: null,
    stage,
    hashes: [...hashes],
    nonce: known,
    createdMs: 0,
    content: { request: JSON.stringify(held.altered ? { ...request, data: '0xbad0' } : request) },
  });
  const custodian: Custodian = {
    kind: 'fireblocks',
    address: SIGNER,
    async prepare({ externalId, to, data }) {
      if (!held.whitelisted) throw new Error('not whitelisted');
      return JSON.stringify({ externalId, to, data } satisfies Request);
    },
    whyNotCalled: () => Promise.resolve([]),
    prepareFiller: ({ externalId }) =>
      JSON.stringify({ externalId, to: SIGNER, data: '0x' } satisfies Request),
    async submit(text): Promise<Submitted> {
      held.submitted.push(text);
      if (held.answer === 'down') throw down();
      const request = JSON.parse(text) as Request;
      const known = calls.some((it) => it.request.externalId === request.externalId);
      if (known) return { kind: 'duplicate', message: 'the external tx id already exists' };
      if (held.answer === 'refuse')
        return { kind: 'refused', status: 400, code: '1', message: 'no such wallet' };
      const call = held.take(request);
      if (held.answer === 'lost') throw down();
      return { kind: 'accepted', custodianId: call.id, status: call.status };
    },
    async look({ externalId }) {
      if (held.answer === 'down') throw down();
      const call = calls.find((it) => it.request.externalId === externalId);
      return call === undefined || held.hidden ? null : reportOf(call);
    },
    async cancel(id) {
      held.cancelled.push(id);
    },
    differences: (request, { content }) => (content['request'] === request ? [] : ['contractCallData']),
    isAssetOf: () => true,
    async list(sinceMs) {
      held.listedSince.push(sinceMs);
      return calls.map(reportOf);
    },
  };
  const held: TestCustodian = {
    custodian,
    submitted: [],
    calls,
    answer: 'take',
    hidden: false,
    altered: false,
    cancelled: [],
    listedSince: [],
    whitelisted: true,
    async broadcast(index = -1, { nonce: given, tells = true, fee, data } = {}) {
      const call = at(index);
      const used = given ?? nonce;
      if (given === undefined) nonce += 1;
      const { raw, hash } = await signOutside(used, call.request.to, data ?? call.request.data, fee);
      await chain.submit(raw);
      Object.assign(call, { status: 'BROADCASTING', stage: 'signed' });
      if (tells) call.hashes.push(hash);
      return hash;
    },
    end(status, subStatus, stage, index = -1) {
      Object.assign(at(index), { status, subStatus, stage });
    },
    take(request) {
      const id = `at-custodian-${String(calls.length + 1)}`;
      const call: TestCall = {
        id,
        request,
        status: 'SUBMITTED',
        subStatus: null,
        stage: 'open',
        hashes: [],
        nonce: null,
      };
      calls.push(call);
      return call;
    },
  };
  return held;
}
