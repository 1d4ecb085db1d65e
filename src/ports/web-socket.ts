import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { PushSocket, SocketEvents } from './ports.ts';
import { createFrameReader, encodeFrame, OPCODE } from './web-socket-frames.ts';

/** Fixed by RFC 6455, section 1.3. */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** The close code of a normal end (section 7.4.1). */
const NORMAL = Buffer.from([0x03, 0xe8]);

/**
 * Opens a WebSocket over `node:http`; the `Sockets` of a real process. Credentials in the URL go into an
 * `Authorization` header.
 *
 * Not the platform's `WebSocket`: that one cannot be ended without the other side's consent, so a peer that
 * is gone without a word would keep a connection, and at a stop the whole process, for as long as it likes.
 */
export function openWebSocket(url: string, events: SocketEvents): PushSocket {
  const key = randomBytes(16).toString('base64');
  let open: Duplex | null = null;
  let ended = false;
  let abort = (): void => {};

  const end = (reason: string): void => {
    if (ended) return;
    ended = true;
    abort();
    open?.destroy();
    events.onClose(reason);
  };
  const write = (opcode: number, payload: Buffer): void => {
    if (!ended) open?.write(encodeFrame(opcode, payload));
  };
  const reader = createFrameReader((opcode, payload) => {
    if (ended) return;
    if (opcode === OPCODE.text) events.onMessage(payload.toString('utf8'));
    else if (opcode === OPCODE.ping) write(OPCODE.pong, payload);
    else if (opcode === OPCODE.close) end(closedBy(payload));
  });
  const onBytes = (bytes: Buffer): void => {
    try {
      reader.push(bytes);
    } catch (error) {
      end(error instanceof Error ? error.message : String(error));
    }
  };
  const onUpgrade = (response: IncomingMessage, socket: Duplex, head: Buffer): void => {
    open = socket;
    socket.on('error', (error) => {
      end(reasonOf(error));
    });
    if (ended) {
      socket.destroy();
      return;
    }
    if (response.headers['sec-websocket-accept'] !== acceptOf(key)) {
      end('the server answered with another handshake');
      return;
    }
    socket.on('data', onBytes);
    socket.on('close', () => {
      end('the connection was cut');
    });
    events.onOpen();
    if (head.length > 0) onBytes(head);
  };

  try {
    const upgrade = startUpgrade(url, key);
    abort = () => {
      // Only before the upgrade: after it the connection belongs to the socket.
      if (open === null) upgrade.destroy();
    };
    upgrade.on('upgrade', onUpgrade);
    upgrade.on('response', (response) => {
      response.resume();
      end(`HTTP ${String(response.statusCode)} instead of a WebSocket`);
    });
    upgrade.on('error', (error) => {
      end(reasonOf(error));
    });
    upgrade.end();
  } catch {
    // The platform's message would repeat the URL. In a later turn, so that the caller has its socket by then.
    queueMicrotask(() => {
      end('the URL cannot be used');
    });
  }
  return {
    send: (text) => {
      write(OPCODE.text, Buffer.from(text, 'utf8'));
    },
    close() {
      if (ended) return;
      write(OPCODE.close, NORMAL);
      ended = true;
      abort();
      // What was written still leaves, and nothing is waited for after that.
      open?.on('error', () => {});
      open?.end(() => open?.destroy());
    },
  };
}

function startUpgrade(text: string, key: string) {
  const url = new URL(text);
  const { username, password } = url;
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': key,
    ...(pair === ':' ? {} : { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }),
  };
  url.username = '';
  url.password = '';
  const secure = url.protocol === 'wss:';
  url.protocol = secure ? 'https:' : 'http:';
  // A connection of its own: an agent would keep it after the end.
  const options = { headers, agent: false } as const;
  return secure ? httpsRequest(url, options) : httpRequest(url, options);
}

function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}${ACCEPT_SUFFIX}`).digest('base64');
}

function closedBy(payload: Buffer): string {
  return payload.length < 2 ? 'the server closed it' : `the server closed it (${payload.readUInt16BE(0)})`;
}

/** Codes such as ECONNREFUSED say it, and never repeat a path. */
function reasonOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
