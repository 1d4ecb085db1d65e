import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadJob, LoadReport } from './job.ts';

const CHILD = join(import.meta.dirname, 'load-process.ts');

/** What a load came to. */
export interface Load extends LoadReport {
  /** Answers of any status for each second of the load. */
  readonly perSecond: number;
}

/**
 * Sends `count` POST requests over `connections` kept-alive connections from a process of its own, each connection
 * with one request at a time, and resolves when the last is answered. Every request is written out before the load
 * begins, so that producing it costs nothing while time is taken.
 *
 * Rejects when a connection fails or an answer does not come: a load with gaps is no measurement.
 */
export async function startLoad(options: {
  /** Where to; every request goes to this one route. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly count: number;
  /** JSON text of the request with this number, from 0. */
  readonly bodyOf: (index: number) => string;
}): Promise<Load> {
  const folder = mkdtempSync(join(tmpdir(), 'issuance-load-'));
  try {
    const file = join(folder, 'requests');
    const lengths = writeRequests(file, options);
    const { hostname, port } = new URL(options.url);
    const report = await runChild({
      host: hostname,
      port: Number(port),
      connections: options.connections,
      file,
      lengths,
    });
    return { ...report, perSecond: (options.count * 1000) / report.tookMs };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All requests one after the other in one file; gives the length of each. */
function writeRequests(
  file: string,
  { url, headers = {}, count, bodyOf }: Parameters<typeof startLoad>[0],
): readonly number[] {
  const { host, pathname, search } = new URL(url);
  const head = [
    `POST ${pathname}${search} HTTP/1.1`,
    `host: ${host}`,
    'content-type: application/json',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ].join('\r\n');
  const requests = Array.from({ length: count }, (_, index) => {
    const body = bodyOf(index);
    return Buffer.from(`${head}\r\ncontent-length: ${String(Buffer.byteLength(body))}\r\n\r\n${body}`);
  });
  writeFileSync(file, Buffer.concat(requests));
  return requests.map(({ length }) => length);
}

function runChild(job: LoadJob): Promise<LoadReport> {
  const child = fork(CHILD, { serialization: 'advanced' });
  const killWithParent = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithParent);
  return new Promise((resolve, reject) => {
    let report: LoadReport | null = null;
    child.once('message', (message) => {
      report = message as LoadReport;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      process.removeListener('exit', killWithParent);
      if (report === null) reject(new Error(`the load ended with ${String(code)} and no report`));
      else resolve(report);
    });
    child.send(job);
  });
}
