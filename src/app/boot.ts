import type { Config, SignerConfig } from '../config/config.ts';
import { createLedger } from '../event-store/create-ledger.ts';
import { IN_MEMORY, openSqliteStore } from '../event-store/sqlite/open-sqlite-store.ts';
import type { SqliteStore, SqliteStoreOptions } from '../event-store/sqlite/open-sqlite-store.ts';
import type { CreateServer, Listen } from '../http/server.ts';
import { createServer as createRealServer, listen as listenOnPort } from '../http/server.ts';
import type { Ports } from '../ports/ports.ts';
import type { Signer } from '../signer/signer.ts';
import { countLines } from '../telemetry/count-lines.ts';
import type { Log } from '../telemetry/log.ts';
import { createSigner, requireDistinct } from './create-signer.ts';
import { bringViewsUpToDate } from './current-views.ts';
import { SCHEMA, VIEWS_VERSION } from './schema.ts';
import type { Service } from './service.ts';
import { createService } from './service.ts';
import type { Telemetry } from './telemetry.ts';
import { createTelemetry } from './telemetry.ts';
import { tracePorts } from './traces/trace-ports.ts';

export interface BootOptions {
  readonly config: Config;
  readonly ports: Ports;
  readonly log: Log;
  /** Apply pending migrations; without it an old schema is refused. */
  readonly migrate: boolean;
  /** The operator says that the database came from a backup. */
  readonly restored: boolean;
  /** The store's outcome is unknown or another process took over: the process must end. */
  readonly onFatal: (error: Error) => void;
  /** Figures and traces; figures alone unless given. */
  readonly telemetry?: Telemetry;
  /** What stands in the place of the real thing, where the whole service runs in a simulation. */
  readonly instead?: Instead;
}

/** What a process has besides its ports: each may be replaced. */
export interface Instead {
  readonly signer?: Signer;
  /** Opens the store. */
  readonly openStore?: (options: SqliteStoreOptions) => Promise<SqliteStore>;
  /** Builds the HTTP side. */
  readonly createServer?: CreateServer;
  /** Makes the server reachable. */
  readonly listen?: Listen;
}

/**
 * Opens the database and starts the service on it; resolves with the service and its URL when it listens.
 *
 * @throws AlreadyServing, SchemaNewer, SchemaOutdated, ForeignDatabase, DatabaseDamaged, DatabaseCopied, and what
 *   `createSigner` rejects with. Then nothing is left open.
 */
export async function bootService(options: BootOptions): Promise<{ service: Service; url: string }> {
  const { config, instead = {} } = options;
  const telemetry = options.telemetry ?? createTelemetry({ ...options.ports, log: options.log });
  const ports = tracePorts(telemetry.tracer, options.ports, config.networks);
  const log = countLines(options.log, telemetry.metrics.lines);
  const openStore = instead.openStore ?? openSqliteStore;
  const store = await openStore({
    path: config.database.kind === 'memory' ? IN_MEMORY : config.database.path,
    tables: SCHEMA.tables,
    clock: ports.clock,
    timers: ports.timers,
    migrate: options.migrate,
    serve: true,
    acceptLoss: options.restored,
    refuseCopy: true,
    onFatal: options.onFatal,
    onGroup: telemetry.metrics.store.onGroup,
    onListenerError: (error) => {
      log.error(
        { alarm: 'listener_failed', err: error },
        'a listener of the store failed; it sees the commit again',
      );
    },
  });
  try {
    await bringViewsUpToDate(store, SCHEMA, VIEWS_VERSION, log);
    const restored = options.restored || (await store.isBackup());
    const ledger = createLedger(store, SCHEMA);
    const create = (key: SignerConfig) => {
      const http = telemetry.metrics.custodians.watch(key.kind, ports.http);
      return createSigner(key, { ...ports, http }, { ledger, log });
    };
    const signer = instead.signer ?? (await create(config.signer));
    const keys = config.retiredSigners.flatMap(({ key }) => key ?? []);
    const retired = await Promise.all(keys.map(create));
    requireDistinct([signer, ...retired]);
    const { createServer = createRealServer, listen = listenOnPort } = instead;
    const service = await createService({
      config,
      ports,
      log,
      telemetry,
      store,
      signer,
      retired,
      restored,
      createServer,
      listen,
    });
    try {
      return { service, url: await service.start() };
    } catch (error) {
      await service.stop();
      throw error;
    }
  } catch (error) {
    await store.close();
    throw error;
  }
}
