import { expect, test } from 'vitest';
import { eventDetail, eventMeaning } from './event-words.ts';

const SIGNER = `0x${'aa'.repeat(20)}`;
const OPERATION = 'e6a2ff38-3ab0-579b-996d-c6ebc384d676';
const signed = { transactionId: `8453/${SIGNER}/7` };
const asked = { transactionId: `8453/${SIGNER}/${OPERATION}/2` };

test.each(['MintSubmitted', 'BurnSigned', 'RefundSubmitted', 'TransferSubmitted'])(
  '%s says who signs: we at a nonce, or a custodian under an external id',
  (type) => {
    expect(eventMeaning({ type, data: signed })).toMatch(/signed and committed/);
    expect(eventDetail({ data: signed, type })).toBe('nonce 7');
    expect(eventMeaning({ type, data: asked })).toMatch(/asked of the custodian, which signs and sends it/);
    expect(eventMeaning({ type, data: asked })).not.toMatch(/signed and committed|then sent/);
    expect(eventDetail({ data: asked, type })).toBe(`external id ${OPERATION}-2`);
  },
);

test.each(['MintUnsettled', 'BurnUnsettled', 'RefundUnsettled', 'TransferUnsettled'])(
  '%s says who brings it back',
  (type) => {
    const data = { why: 'block 9 is no longer 0xb9' };
    expect(eventMeaning({ type, data: { ...data, ...signed } })).toMatch(
      /the same bytes go out again \(block 9/,
    );
    expect(eventMeaning({ type, data: { ...data, ...asked } })).toMatch(
      /the custodian is to bring it back \(block 9/,
    );
  },
);
