import type { Command } from 'commander';
import { systemTimers } from '../../ports/system.ts';
import { wholeNumber } from '../arguments.ts';
import { createProgressBar } from '../output/progress-bar.ts';
import type { Column } from '../output/table.ts';
import { tableLines } from '../output/table.ts';
import type { Service } from './service-command.ts';
import { queryText } from './service-command.ts';

/** Most that one page of the service holds. */
const PAGE = 1_000;
/** Most items that a command lists: more of them are no list for a person, and fit no memory for ever. */
const MOST = 100_000;
const USUAL = 100;

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}

/** Gives a command `--limit`. */
export function limitOption(
  command: Command,
  { usual = USUAL, what = 'items' }: { readonly usual?: number; readonly what?: string } = {},
): Command {
  return command.option(
    '--limit <number>',
    `most ${what} to list, up to ${String(MOST)}, over as many pages as it takes`,
    wholeNumber('--limit', 1, MOST),
    usual,
  );
}

/** Reads pages of a list until there are `limit` items or no more. */
export async function readPages<Item>(
  service: Pick<Service, 'api'>,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  limit: number,
  timeoutMs?: number,
): Promise<Page<Item>> {
  const sizeOf = (page: Page<Item>): number => page.items.length;
  const pages = await readAllPages<Page<Item>>(service, path, query, { limit, sizeOf, timeoutMs });
  return { items: pages.flatMap((it) => it.items), next_cursor: pages.at(-1)?.next_cursor ?? null };
}

/** Reads pages of any form; `sizeOf` counts as the service counts for `limit`. */
export async function readAllPages<AnyPage extends { readonly next_cursor: string | null }>(
  { api }: Pick<Service, 'api'>,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  {
    limit,
    sizeOf,
    timeoutMs,
  }: {
    readonly limit: number;
    readonly sizeOf: (page: AnyPage) => number;
    /** Of each page. */
    readonly timeoutMs?: number | undefined;
  },
): Promise<readonly AnyPage[]> {
  const progress = createProgressBar('reading', systemTimers);
  const pages: AnyPage[] = [];
  let read = 0;
  let cursor: string | null = null;
  try {
    do {
      const asked: string = queryText({
        ...query,
        limit: Math.min(PAGE, limit - read),
        cursor: cursor ?? undefined,
      });
      const page = (await api.call('GET', `${path}${asked}`, undefined, timeoutMs)) as AnyPage;
      const size = sizeOf(page);
      pages.push(page);
      read += size;
      // A page of the past may have nothing on it and go on all the same; one that goes on where it began never ends.
      if (size === 0 && page.next_cursor === cursor) break;
      cursor = page.next_cursor;
      progress.onProgress({ what: 'rows', done: read, total: Math.max(limit, read) });
    } while (cursor !== null && read < limit);
  } finally {
    progress.end();
  }
  return pages;
}

/** Prints a list: as it came, or as a table. */
export function printList<Item>(
  { output, json }: Pick<Service, 'output' | 'json'>,
  page: { readonly items: readonly Item[]; readonly next_cursor?: string | null },
  columns: readonly Column<Item>[],
  what: string,
): void {
  if (json) {
    output.json(page);
    return;
  }
  if (page.items.length === 0) {
    output.note(`no ${what}`);
    return;
  }
  output.lines(tableLines(page.items, columns, output));
  if (page.next_cursor !== undefined && page.next_cursor !== null) {
    output.note(`the first ${String(page.items.length)}; there are more: raise --limit`);
  }
}
