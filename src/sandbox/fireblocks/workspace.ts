import type { PrivateKeyAccount } from 'viem/accounts';
import { systemClock, systemRandom } from '../../ports/system.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import { uuidV4 } from '../../primitives/uuid.ts';
import type { DuplicateForm } from './answer.ts';
import type { Broadcaster, Chain } from './broadcaster.ts';
import { createBroadcaster } from './broadcaster.ts';
import type { CreateRequest } from './create-request.ts';
import type { Behaviour, Call } from './plan.ts';
import { completes } from './plan.ts';
import type { Progress } from './progress.ts';
import { createProgress } from './progress.ts';
import type { TransactionRecord } from './record.ts';
import type { SimulatedFireblocksOptions } from './simulated-fireblocks-interface.ts';
import type { Whitelist } from './whitelist.ts';
import { createWhitelist } from './whitelist.ts';

/** What the routes and the controls share. */
export interface Workspace {
  readonly vaultAccountId: string;
  /** With its checksum. */
  readonly address: `0x${string}`;
  readonly whitelist: Whitelist;
  readonly broadcaster: Broadcaster;
  readonly progress: Progress;
  /** Oldest first. */
  readonly records: readonly TransactionRecord[];
  readonly addAsset: (assetId: string, chain: Chain) => void;
  chain(assetId: string): Chain | null;
  readonly script: (...behaviours: readonly Behaviour[]) => void;
  readonly always: (behaviour: Behaviour) => void;
  nextBehaviour(): Behaviour;
  readonly duplicatesAre: (form: DuplicateForm) => void;
  duplicateForm(): DuplicateForm;
  readonly hideFromExternalLookups: (times: number) => void;
  byId(id: string): TransactionRecord | null;
  /** Null also where it is hidden. */
  byExternalId(externalTxId: string): TransactionRecord | null;
  hasExternalId(externalTxId: string): boolean;
  /** @throws IssuanceError `unknown_transaction` */
  known(id: string): TransactionRecord;
  /** Takes a new transaction in and starts its plan. */
  open(request: CreateRequest, call: Call, behaviour: Behaviour): TransactionRecord;
  nowMs(): number;
}

export function createWorkspace(account: PrivateKeyAccount, options: SimulatedFireblocksOptions): Workspace {
  const chains = new Map<string, Chain>();
  const records: TransactionRecord[] = [];
  const nowMs = (): number => systemClock.nowMs();
  const broadcaster = createBroadcaster(account, (assetId) => {
    const chain = chains.get(assetId);
    if (chain === undefined) throw new IssuanceError('unknown_asset', `the workspace has no ${assetId}`);
    return chain;
  });
  const progress = createProgress({ broadcaster, nowMs, confirmations: options.confirmations ?? 1 });
  let scripted: Behaviour[] = [];
  let standing: Behaviour = {};
  let form: DuplicateForm = 'bad_request';
  let hidden = 0;
  const byId = (id: string): TransactionRecord | null => records.find((it) => it.id === id) ?? null;
  const withExternalId = (externalTxId: string): TransactionRecord | null =>
    records.find((it) => it.request.externalTxId === externalTxId) ?? null;

  return {
    vaultAccountId: options.vaultAccountId,
    address: account.address,
    whitelist: createWhitelist(),
    broadcaster,
    progress,
    records,
    addAsset: (assetId, chain) => void chains.set(assetId, chain),
    chain: (assetId) => chains.get(assetId) ?? null,
    script(...behaviours) {
      scripted = [...behaviours];
    },
    always(behaviour) {
      standing = behaviour;
    },
    nextBehaviour: () => scripted.shift() ?? standing,
    duplicatesAre(wanted) {
      form = wanted;
    },
    duplicateForm: () => form,
    hideFromExternalLookups(times) {
      hidden = times;
    },
    byId,
    byExternalId(externalTxId) {
      const found = withExternalId(externalTxId);
      if (found === null || hidden === 0) return found;
      hidden -= 1;
      return null;
    },
    hasExternalId: (externalTxId) => withExternalId(externalTxId) !== null,
    known(id) {
      const found = byId(id);
      if (found === null) throw new IssuanceError('unknown_transaction', `there is no transaction ${id}`);
      return found;
    },
    open(request, call, { plan = completes }) {
      const createdAtMs = nowMs();
      const record: TransactionRecord = {
        sequence: records.length,
        id: uuidV4(systemRandom.bytes(16)),
        request,
        call,
        from: account.address,
        createdAtMs,
        lastUpdatedMs: createdAtMs,
        status: 'SUBMITTED',
        subStatus: '',
        plan: [...plan],
        told: 0,
        nonce: null,
        signedCall: null,
        versions: [],
        toldHash: null,
        mined: null,
        errorDescription: null,
      };
      records.push(record);
      return record;
    },
    nowMs,
  };
}
