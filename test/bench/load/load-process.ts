import { readFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import type { LoadJob, LoadReport } from './job.ts';

/** The child process of `startLoad`: plain sockets and requests that lie ready, so that the service is what is slow. */
process.once('message', (job) => {
  void main(job as LoadJob);
});

async function main(job: LoadJob): Promise<void> {
  try {
    const report = await makeLoad(job);
    process.send?.(report, undefined, undefined, () => process.disconnect());
  } catch (error) {
    console.error('load:', error);
    process.exit(1);
  }
}

async function makeLoad({ host, port, connections, file, lengths }: LoadJob): Promise<LoadReport> {
  const bytes = readFileSync(file);
  const latenciesMs = new Float64Array(lengths.length);
  const statuses: Record<string, number> = {};
  const requests = sliced(bytes, lengths);
  const sockets = await Promise.all(Array.from({ length: connections }, () => connected(host, port)));
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  let next = 0;
  await Promise.all(
    sockets.map((socket) =>
      converse(socket, {
        take() {
          const index = next;
          next += 1;
          const request = requests[index];
          return request === undefined ? null : { index, request };
        },
        answered(index, status, latencyMs) {
          latenciesMs[index] = latencyMs;
          statuses[status] = (statuses[status] ?? 0) + 1;
        },
      }),
    ),
  );
  const tookMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  const sorted = latenciesMs.sort();
  const rank = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  const latencyMs = { p50: rank(0.5), p90: rank(0.9), p99: rank(0.99), max: rank(1) };
  return { tookMs, statuses, latencyMs, cpuMs: (user + system) / 1000 };
}

function sliced(bytes: Buffer, lengths: readonly number[]): readonly Buffer[] {
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return bytes.subarray(at - length, at);
  });
}

function connected(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** One request at a time on one connection until there is none left; then closes it. */
function converse(
  socket: Socket,
  work: {
    take(): { readonly index: number; readonly request: Buffer } | null;
    answered(index: number, status: string, latencyMs: number): void;
  },
): Promise<void> {
  return new Promise((resolve, reject) => {
    let index = -1;
    let sentMs = 0;
    let received = '';
    const sendNext = (): void => {
      const taken = work.take();
      if (taken === null) {
        socket.removeAllListeners('close');
        socket.end(resolve);
        return;
      }
      index = taken.index;
      sentMs = performance.now();
      socket.write(taken.request);
    };
    // The service answers in ASCII; a character is a byte.
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      received += text;
      const status = completeAnswer(received);
      if (status === null) return;
      work.answered(index, status, performance.now() - sentMs);
      received = '';
      sendNext();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      reject(new Error('the service closed a connection in the middle of the load'));
    });
    sendNext();
  });
}

/** The status of an answer that is here in whole; null while something is missing. */
function completeAnswer(text: string): string | null {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
  if (length === undefined) throw new Error(`an answer without a length:\n${text.slice(0, headEnd)}`);
  return text.length < headEnd + 4 + Number(length) ? null : text.slice(9, 12);
}
