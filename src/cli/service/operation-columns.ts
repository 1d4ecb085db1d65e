import { momentText } from '../output/moments.ts';
import type { Tone } from '../output/output.ts';
import type { Column } from '../output/table.ts';
import type { OperationAnswer } from './wire.ts';

/** The columns of every list of operations. */
export function operationColumns(nowMs: number): readonly Column<OperationAnswer>[] {
  return [
    { head: 'ID', cell: (it) => it.id },
    { head: 'KIND', cell: (it) => it.kind },
    { head: 'STATE', cell: (it) => it.state, tone: (it) => stateTone(it.state) },
    { head: 'AMOUNT', cell: amountText, align: 'right' },
    { head: 'NETWORK', cell: (it) => it.network },
    { head: 'SINCE', cell: (it) => momentText(it.since, nowMs) },
    { head: 'WAITING FOR', cell: (it) => it.waiting_for },
    { head: 'ATTEMPTS', cell: (it) => (it.attempts === null ? null : String(it.attempts)), align: 'right' },
    { head: 'REASON', cell: (it) => it.reason },
    { head: 'LAST ERROR', cell: (it) => it.last_error?.message ?? null, tone: () => 'bad' },
  ];
}

/** `10 tAAPL`; null where it is not known yet. Alpaca counts nothing of refunds and transfers: of these, the shares. */
export function amountText({
  qty,
  shares,
  token,
}: Pick<OperationAnswer, 'qty' | 'shares' | 'token'>): string | null {
  const amount = qty ?? shares;
  if (amount === null) return null;
  return token === null ? amount : `${amount} ${token}`;
}

/** Needs a person: bad. Over and done: good. */
export function stateTone(state: string): Tone | null {
  if (['held', 'rejected', 'unrequested'].includes(state)) return 'bad';
  return state === 'completed' || state === 'refunded' ? 'good' : null;
}
