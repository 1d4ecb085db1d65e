import { change } from '../../event-store/ledger.ts';
import type { Assess } from '../../operation/actions.ts';
import { actionMetadata, done, refused } from '../../operation/actions.ts';
import { decideMint } from '../decide.ts';
import { mintKind } from '../mint-kind.ts';
import { isKnown, stageOf } from '../state.ts';
import { askAlpaca } from './look.ts';
import type { MintActionOptions } from './options.ts';

/** Sends a journaled mint to the vault that serves its asset now, while no nonce is promised to it. */
export function createRetargetMint(options: MintActionOptions): Assess {
  return async (call) => {
    const loaded = await options.ledger.load(mintKind, call.id);
    const { state, version } = loaded;
    if (!isKnown(state)) return refused(version, [], 'nothing is known of its request');
    const stage = stageOf(state);
    const { terms, voidedDeposits } = state.mint;
    const { underlying, token, network, chainId, vault } = terms;
    const asset = await options.catalog.asset(underlying, token, network);
    if (asset.kind === 'unknown') return refused(version, [], asset.why);
    const found = [`${token} on ${network} has the vault ${asset.vault}, the mint ${vault}`];
    if (asset.vault === vault) return done(version, found, 'it goes to the present vault already');
    if (asset.chainId !== chainId) return refused(version, found, 'the asset is on another chain now');
    if (stage === null) return refused(version, found, `it is ${state.kind}`);
    if (stage.kind === 'submitted') {
      const look = await options.desk.look(stage.transactionId);
      return refused(version, [...found, look.text], 'a nonce is promised to it on its old vault');
    }
    if (stage.kind !== 'journaled')
      return refused(version, found, `it is ${stage.kind}, and only a journaled mint moves`);
    const forgotten = await options.desk.forgotten(chainId, call.id);
    if (forgotten !== null)
      return refused(version, found, `${forgotten.hash}, which was forgotten, names it`);
    const deposit = await options.inventory.depositOf(call.id, voidedDeposits);
    if (deposit !== null) return refused(version, found, `${deposit.transactionHash} deposited for it`);
    const { record, text } = await askAlpaca(options, terms.tokenizationRequestId);
    found.push(text);
    // Which transaction it was told of it may not name: a mint on another vault would be a second one all the same.
    if (record !== null && (record.transactionHash !== null || record.status === 'completed')) {
      return refused(
        version,
        found,
        'Alpaca was told that it is minted: complete takes the transaction as evidence',
      );
    }
    if (record?.status === 'rejected') return refused(version, found, 'Alpaca rejected it: close ends it');
    const splits = await options.splits.lastKnown(chainId, asset.vault);
    const events = decideMint({ type: 'retarget', vault: asset.vault, splits, found }, state);
    const lane = options.laneOf(chainId);
    return {
      version,
      found,
      verdict: {
        kind: 'act',
        what: `it is minted on ${asset.vault}`,
        run: async () => {
          await options.ledger.commit({
            changes: [change(mintKind, loaded, events), ...asset.requires],
            metadata: actionMetadata(call),
          });
          options.desk.wake([lane]);
        },
      },
    };
  };
}
