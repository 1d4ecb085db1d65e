import { AsyncLocalStorage } from 'node:async_hooks';
import type { FastifyInstance, FastifyPluginAsync, InjectOptions } from 'fastify';
import type { CreateServer, ServerOptions } from '../../src/http/server.ts';
import { createServer } from '../../src/http/server.ts';
import type { Log } from '../../src/telemetry/log.ts';
import type { Scheduler } from './scheduler.ts';

/** What a process calls at its end. */
interface Mortal {
  onDeath(task: () => void): void;
}

type Handler = (request: unknown, reply: unknown) => unknown;

type Group = keyof ServerOptions['routes'];
const GROUPS: readonly Group[] = ['alpaca', 'internal', 'keyless', 'open'];

/** The process that a request has reached. */
interface Answering {
  readonly options: ServerOptions;
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly died: Promise<never>;
}

const answering = new AsyncLocalStorage<Answering>();
let front: Promise<FastifyInstance> | null = null;

/**
 * Builds the HTTP side of a process: the real server, built once for all of them, because to build it costs more than
 * all that most processes do. It checks and parses as ever, and gives each request to the handlers of the process that
 * was called. Processes may differ in everything but their routes and keys.
 */
export function frontOf(process: Mortal, scheduler: Pick<Scheduler, 'hold'>): CreateServer {
  return (options) => {
    let called: Promise<Answering> | null = null;
    const inject = async (request: InjectOptions) => {
      called ??= openFor(options, process);
      const open = await called;
      front ??= build(options, scheduler);
      const server = await front;
      // Awaited inside: a call begins when somebody waits for it.
      return answering.run(open, async () => await server.inject(request));
    };
    return Object.assign(Object.create(null) as FastifyInstance, { inject, close: async () => undefined });
  };
}

async function openFor(options: ServerOptions, process: Mortal): Promise<Answering> {
  const died = new Promise<never>((_, reject) => {
    process.onDeath(() => reject(new Error('the process died')));
  });
  // Most die unasked.
  died.catch(() => {});
  return { options, handlers: await handlersOf(options), died };
}

async function build(options: ServerOptions, scheduler: Pick<Scheduler, 'hold'>): Promise<FastifyInstance> {
  const { instrument: _instrument, ...rest } = options;
  const dispatched = (group: Group): FastifyPluginAsync[] => [
    async (app) => {
      app.addHook('onRoute', (route) => {
        const { method, url } = route;
        route.handler = (...call) => answer(nameOf(String(method), url), call);
      });
      for (const plugin of options.routes[group]) await app.register(plugin);
    },
  ];
  const server = createServer({
    ...rest,
    log: commonLog,
    clock: { nowMs: () => current().options.clock.nowMs() },
    timers: {
      after: (delayMs, task) => current().options.timers.after(delayMs, task),
      defer: (task) => current().options.timers.defer(task),
      monotonicMs: () => answering.getStore()?.options.timers.monotonicMs() ?? 0,
    },
    random: {
      bytes: (length) => current().options.random.bytes(length),
      fraction: () => current().options.random.fraction(),
    },
    routes: {
      alpaca: dispatched('alpaca'),
      internal: dispatched('internal'),
      keyless: dispatched('keyless'),
      open: dispatched('open'),
    },
  });
  // It takes real turns, and waits for nothing simulated.
  const goOn = scheduler.hold();
  try {
    await server.ready();
  } finally {
    goOn();
  }
  return server;
}

/** Whoever is dead answers nothing; the server must not wait for it. */
function answer(name: string, call: readonly [unknown, unknown]): unknown {
  const { handlers, died } = current();
  const handler = handlers.get(name);
  if (handler === undefined) throw new RangeError(`this process has no route ${name}`);
  return Promise.race([handler(...call), died]);
}

function current(): Answering {
  const found = answering.getStore();
  if (found === undefined) throw new RangeError('no request is being answered');
  return found;
}

const commonLog: Log = {
  debug: (...line) => answering.getStore()?.options.log.debug(...line),
  info: (...line) => answering.getStore()?.options.log.info(...line),
  warn: (...line) => answering.getStore()?.options.log.warn(...line),
  error: (...line) => answering.getStore()?.options.log.error(...line),
  child: () => commonLog,
};

/** A route for GET answers HEAD too. */
function nameOf(method: string, url: string): string {
  return `${method === 'HEAD' ? 'GET' : method} ${url}`;
}

/** The handlers that plugins would add to a server; what else they do to it is the same in every process. */
async function handlersOf({ routes }: ServerOptions): Promise<ReadonlyMap<string, Handler>> {
  const found = new Map<string, Handler>();
  const add =
    (method: string) =>
    (url: string, _options: unknown, handler: Handler): void => {
      found.set(nameOf(method, url), handler);
    };
  const members: Readonly<Record<string, unknown>> = {
    get: add('GET'),
    post: add('POST'),
    delete: add('DELETE'),
    // The page that shows the document has no handler of ours.
    register: async (plugin: FastifyPluginAsync) => {
      if (!(IS_FOREIGN in plugin)) await plugin(collector, {});
    },
  };
  const collector = new Proxy(members, {
    get: (_, name) => members[String(name)] ?? (() => {}),
  }) as unknown as FastifyInstance;
  for (const plugin of GROUPS.flatMap((it) => routes[it])) await plugin(collector, {});
  return found;
}

/** Plugins that are published as such carry it. */
const IS_FOREIGN = Symbol.for('plugin-meta');
