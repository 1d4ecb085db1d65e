import type { AccountEvent } from '../account/account.ts';
import { accountKind } from '../account/account.ts';
import type { AssetEvent } from '../asset/asset.ts';
import { assetKind } from '../asset/asset.ts';
import type { UnderlyingEvent } from '../asset/underlying.ts';
import { underlyingKind } from '../asset/underlying-kind.ts';
import type { ChangedStream, CommitReport } from '../event-store/ledger.ts';
import { unreachable } from '../primitives/failures.ts';
import type { Log, LogFields } from '../telemetry/log.ts';

/** What operators and Alpaca keep up to date: who may mint and redeem, what, and what is stopped. */
type RegisterEvent = AccountEvent | AssetEvent | UnderlyingEvent;

/** What is said of each; a new event without words does not compile. */
const WORDS: Readonly<Record<RegisterEvent['type'], string>> = {
  AccountRegistered: 'account registered',
  AccountLinked: 'account linked',
  WalletAdded: 'wallet added',
  WalletRemoved: 'wallet removed',
  AssetAdded: 'asset added',
  AssetVaultChanged: 'asset points to another vault',
  AssetDisabled: 'asset disabled',
  AssetEnabled: 'asset enabled',
  HoldPlaced: 'hold placed',
  HoldLifted: 'hold lifted',
};

/** Categories of their streams; each is also the name of the field that holds the id. */
const CATEGORIES: ReadonlySet<string> = new Set(
  [accountKind, assetKind, underlyingKind].map(({ category }) => category),
);

/**
 * Logs one line for every change of an account, an asset or a hold, from commits, so that no way to change them can
 * forget its line.
 */
export function createRegisterTeller(log: Pick<Log, 'info'>): (report: CommitReport) => void {
  return (report) => {
    for (const change of report.changes) {
      if (!CATEGORIES.has(change.category)) continue;
      for (const event of change.events) tell(log, change, event as RegisterEvent, report);
    }
  };
}

function tell(
  log: Pick<Log, 'info'>,
  { category, id, facts }: ChangedStream,
  event: RegisterEvent,
  { metadata }: CommitReport,
): void {
  const { actor, causation = null, reason = null } = metadata;
  const { version } = facts;
  log.info(
    { [category]: id, ...fieldsOf(event), reason, actor, cause: causation, version },
    WORDS[event.type],
  );
}

/** Ids, and what one looks for. No email: a person's name is no business of the log. */
function fieldsOf(event: RegisterEvent): LogFields {
  switch (event.type) {
    case 'AccountRegistered':
      return { alpaca_account: event.data.alpacaAccountId };
    case 'AccountLinked':
      return { alpaca_account: event.data.accountNumber };
    case 'WalletAdded':
    case 'WalletRemoved':
      return { wallet: event.data.wallet };
    case 'AssetAdded':
    case 'AssetVaultChanged':
      return { vault: event.data.vault };
    case 'HoldPlaced': {
      const { holdId, owner, scope, fromMs, untilMs } = event.data;
      return { hold: holdId, owner, scope, from: momentOf(fromMs), until: momentOf(untilMs) };
    }
    case 'HoldLifted':
      return { hold: event.data.holdId };
    case 'AssetDisabled':
    case 'AssetEnabled':
      return {};
    default:
      return unreachable(event);
  }
}

function momentOf(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}
