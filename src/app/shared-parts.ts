import type { Address } from 'viem';
import type { Config } from '../config/config.ts';
import type { InCharge } from '../custody/in-charge.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { Ledger } from '../event-store/ledger.ts';
import type { Ports } from '../ports/ports.ts';
import type { Log } from '../telemetry/log.ts';
import type { TransactionDesk } from '../transaction/desk.ts';
import type { NetworkParts } from './network-parts.ts';
import type { Telemetry } from './telemetry.ts';
import type { Wallets } from './wallets.ts';

/** What every part of the service is composed from. */
export interface SharedParts {
  readonly config: Config;
  readonly ports: Ports;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly store: EventStore;
  readonly ledger: Ledger;
  /** Who mints and burns on each network. */
  readonly inCharge: InCharge;
  /** Who shall be in charge, by the settings. */
  readonly signer: Address;
  /** Signers whose keys are at hand, in lower case. */
  readonly keys: ReadonlySet<Address>;
  readonly wallets: Wallets;
  readonly networks: readonly NetworkParts[];
  /** Makes rows of work due now. The engine is made last, since it needs the others' workers. */
  readonly wake: (ids: readonly string[]) => void;
  /** What is known of transactions, and done to them. The lanes are made after the features that they serve. */
  readonly desk: () => TransactionDesk;
}
