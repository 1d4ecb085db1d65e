import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { openWebSocket } from './web-socket.ts';
import { createFrameReader, encodeFrame } from './web-socket-frames.ts';

const servers: Server[] = [];
const connections = new Set<Socket>();

afterEach(() => {
  for (const socket of connections) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A server that takes the handshake and then does only what the test does; `answer` replaces its handshake. */
async function serve(answer?: string) {
  const accepted = Promise.withResolvers<{ socket: Socket; head: string }>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections.add(socket);
    socket.on('error', () => {});
    socket.once('data', (bytes) => {
      const head = bytes.toString('latin1');
      const key = /sec-websocket-key: (.*)\r/i.exec(head)?.[1] ?? '';
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      socket.write(
        answer ??
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
            `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      accepted.resolve({ socket, head });
    });
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, accepted: accepted.promise };
}

function connect(url: string) {
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<string>();
  const messages: string[] = [];
  let next = Promise.withResolvers<void>();
  const socket = openWebSocket(url, {
    onOpen: opened.resolve,
    onMessage: (text) => {
      messages.push(text);
      next.resolve();
      next = Promise.withResolvers();
    },
    onClose: closed.resolve,
  });
  return {
    socket,
    opened: opened.promise,
    closed: closed.promise,
    messages,
    nextMessage: () => next.promise,
  };
}

/** A frame of a server: not masked. */
function frame(first: number, payload: Buffer | string): Buffer {
  const body = Buffer.from(payload);
  if (body.length <= 125) return Buffer.concat([Buffer.from([first, body.length]), body]);
  const head = Buffer.from([first, 126, 0, 0]);
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}

function unmask(bytes: Buffer): { opcode: number; payload: string } {
  const short = (bytes[1] ?? 0) & 0x7f;
  const at = short === 126 ? 4 : 2;
  const mask = bytes.subarray(at, at + 4);
  const payload = bytes.subarray(at + 4).map((byte, n) => byte ^ (mask[n % 4] ?? 0));
  return { opcode: (bytes[0] ?? 0) & 0x0f, payload: Buffer.from(payload).toString('utf8') };
}

describe('a WebSocket', () => {
  test('carries text both ways, and puts credentials of the URL into a header', async () => {
    const server = await serve();
    const it = connect(`ws://us%20er:p%40ss@127.0.0.1:${String(server.port)}/v2/key?a=b`);
    await it.opened;
    const { socket, head } = await server.accepted;
    expect(head).toMatch(/^GET \/v2\/key\?a=b HTTP\/1\.1\r\n/);
    expect(head).toContain(`Basic ${Buffer.from('us er:p@ss').toString('base64')}`);
    it.socket.send(`größe ${'x'.repeat(200)}`);
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    expect(unmask(bytes)).toEqual({ opcode: 1, payload: `größe ${'x'.repeat(200)}` });
    const [ping, text] = [frame(0x89, 'are you there'), frame(0x81, 'ä'.repeat(100))];
    const pushed = it.nextMessage();
    // In pieces that respect nothing, with a control frame between two fragments.
    const whole = Buffer.concat([frame(0x01, text.subarray(4, 104)), ping, frame(0x80, text.subarray(104))]);
    const pong = once(socket, 'data') as Promise<[Buffer]>;
    for (const piece of [whole.subarray(0, 1), whole.subarray(1, 130), whole.subarray(130)]) {
      await new Promise<void>((resolve) => {
        socket.write(piece, () => {
          setImmediate(resolve);
        });
      });
    }
    await pushed;
    expect(it.messages).toEqual(['ä'.repeat(100)]);
    expect(unmask((await pong)[0])).toEqual({ opcode: 0xa, payload: 'are you there' });
  });

  test('is freed at once when closed, although the other side never consents', async () => {
    const server = await serve();
    const it = connect(`ws://127.0.0.1:${String(server.port)}`);
    await it.opened;
    const { socket } = await server.accepted;
    const seen: Buffer[] = [];
    socket.on('data', (bytes) => seen.push(bytes));
    const ended = once(socket, 'end');
    it.socket.close();
    await ended;
    expect(unmask(Buffer.concat(seen)).opcode).toBe(8);
    // The server keeps its half open, and would for ever; whoever writes to a connection that is gone learns it.
    const gone = new Promise((resolve) => {
      socket.once('close', resolve);
    });
    const writing = setInterval(() => socket.write('x'), 5);
    await gone;
    clearInterval(writing);
  });

  test.each([
    [
      'refuses',
      undefined,
      'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n',
      'HTTP 401 instead of a WebSocket',
    ],
    [
      'answers another handshake',
      undefined,
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      'the server answered with another handshake',
    ],
    ['closes', frame(0x88, Buffer.from([0x03, 0xe9])), undefined, 'the server closed it (1001)'],
    ['masks', Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5]), undefined, 'a frame of the server is masked'],
    ['sends binary', frame(0x82, 'x'), undefined, 'a message is not text'],
    [
      'sends too much',
      Buffer.from([0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0]),
      undefined,
      'a message exceeds 1048576 bytes',
    ],
    ['continues nothing', frame(0x80, 'x'), undefined, 'fragments are out of order'],
  ])('ends with a reason when the server %s', async (_, bytes, answer, reason) => {
    const server = await serve(answer);
    const it = connect(`ws://127.0.0.1:${String(server.port)}/secret`);
    const { socket } = await server.accepted;
    if (bytes !== undefined) socket.write(bytes);
    expect(await it.closed).toBe(reason);
  });

  test('ends with a reason when it is cut or nobody is there', async () => {
    const server = await serve();
    const it = connect(`ws://127.0.0.1:${String(server.port)}`);
    await it.opened;
    (await server.accepted).socket.destroy();
    expect(await it.closed).toBe('the connection was cut');
    expect(await connect('ws://127.0.0.1:1/secret').closed).toBe('ECONNREFUSED');
    expect(await connect('no URL with a secret').closed).toBe('the URL cannot be used');
  });

  test('sends frames of every length as they are read back', () => {
    for (const length of [0, 125, 126, 65_535, 65_536, 1024 * 1024]) {
      const text = 'y'.repeat(length);
      const sent = encodeFrame(1, Buffer.from(text));
      const headBytes = length <= 125 ? 2 : length <= 65_535 ? 4 : 10;
      const mask = sent.subarray(headBytes, headBytes + 4);
      const body = sent.subarray(headBytes + 4).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
      const head = Buffer.from(sent.subarray(0, headBytes));
      head[1] = (head[1] ?? 0) & 0x7f;
      const read: string[] = [];
      createFrameReader((_, payload) => read.push(payload.toString())).push(Buffer.concat([head, body]));
      expect(read).toEqual([text]);
    }
  });
});
