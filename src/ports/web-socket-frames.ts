import { randomBytes } from 'node:crypto';

/** RFC 6455 as far as a client of text messages needs it: no extensions, no binary messages. */

/** Of what a frame carries (section 11.8). */
export const OPCODE = { continuation: 0x0, text: 0x1, close: 0x8, ping: 0x9, pong: 0xa } as const;

/** Longest message that is taken, in bytes: a block's header or a log is a few kB. */
const LONGEST_MESSAGE_BYTES = 1024 * 1024;
const LONGEST_CONTROL_BYTES = 125;
const FINAL = 0x80;
const MASKED = 0x80;

/** One frame from a client: final, and masked as the protocol demands of clients. */
export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const mask = randomBytes(4);
  const body = Buffer.from(payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0)));
  return Buffer.concat([frameHead(opcode, payload.length), mask, body]);
}

function frameHead(opcode: number, length: number): Buffer {
  if (length <= 125) return Buffer.from([FINAL | opcode, MASKED | length]);
  if (length <= 0xffff) {
    const head = Buffer.from([FINAL | opcode, MASKED | 126, 0, 0]);
    head.writeUInt16BE(length, 2);
    return head;
  }
  const head = Buffer.alloc(10);
  head.set([FINAL | opcode, MASKED | 127]);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

/** Whole messages and control frames, as they come out of a stream of bytes. */
export interface FrameReader {
  /**
   * Takes the next bytes.
   *
   * @throws Error when they are no frames that a server may send to us; the connection is of no use then.
   */
  push(bytes: Buffer): void;
}

/** Creates a reader of a server's frames. Fragments of a message are joined; control frames come between them. */
export function createFrameReader(onFrame: (opcode: number, payload: Buffer) => void): FrameReader {
  let rest: Buffer = Buffer.alloc(0);
  let fragments: Buffer[] | null = null;

  const take = (opcode: number, isFinal: boolean, payload: Buffer): void => {
    if (opcode >= OPCODE.close) {
      if (!isFinal || payload.length > LONGEST_CONTROL_BYTES) throw new Error('a control frame is too long');
      onFrame(opcode, payload);
      return;
    }
    if (opcode !== OPCODE.text && opcode !== OPCODE.continuation) throw new Error('a message is not text');
    if ((opcode === OPCODE.continuation) !== (fragments !== null))
      throw new Error('fragments are out of order');
    const parts = [...(fragments ?? []), payload];
    if (parts.reduce((bytes, part) => bytes + part.length, 0) > LONGEST_MESSAGE_BYTES) throw tooLong();
    fragments = isFinal ? null : parts;
    if (isFinal) onFrame(OPCODE.text, Buffer.concat(parts));
  };

  return {
    push(bytes) {
      rest = Buffer.concat([rest, bytes]);
      for (let frame = readFrame(rest); frame !== null; frame = readFrame(rest)) {
        rest = rest.subarray(frame.bytes);
        take(frame.opcode, frame.isFinal, frame.payload);
      }
    },
  };
}

/** The first frame; null when not all of it is there. */
function readFrame(bytes: Buffer) {
  if (bytes.length < 2) return null;
  const [first, second] = [bytes.readUInt8(0), bytes.readUInt8(1)];
  if ((first & 0x70) !== 0) throw new Error('a frame uses an extension that was not agreed on');
  if ((second & MASKED) !== 0) throw new Error('a frame of the server is masked');
  const short = second & 0x7f;
  const headBytes = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < headBytes) return null;
  const length =
    short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  if (length > LONGEST_MESSAGE_BYTES) throw tooLong();
  if (bytes.length < headBytes + length) return null;
  const payload = bytes.subarray(headBytes, headBytes + length);
  return { opcode: first & 0x0f, isFinal: (first & FINAL) !== 0, payload, bytes: headBytes + length };
}

function tooLong(): Error {
  return new Error(`a message exceeds ${String(LONGEST_MESSAGE_BYTES)} bytes`);
}
