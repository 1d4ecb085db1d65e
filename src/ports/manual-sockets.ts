import type { PushSocket, SocketEvents, Sockets } from './ports.ts';

/** One connection that was asked for, seen from the other side. */
export interface ManualSocket {
  readonly url: string;
  /** Everything that was sent, oldest first. */
  readonly sent: readonly string[];
  readonly isClosed: () => boolean;
  open(): void;
  push(message: unknown): void;
  /** The other side ends it. */
  cut(reason: string): void;
}

/** Creates sockets whose other side is played by hand, for tests. */
export function createManualSockets(): { readonly sockets: Sockets; readonly all: readonly ManualSocket[] } {
  const all: ManualSocket[] = [];
  const sockets = (url: string, events: SocketEvents): PushSocket => {
    const sent: string[] = [];
    let closed = false;
    all.push({
      url,
      sent,
      isClosed: () => closed,
      open: () => {
        if (!closed) events.onOpen();
      },
      push(message) {
        if (!closed) events.onMessage(typeof message === 'string' ? message : JSON.stringify(message));
      },
      cut(reason) {
        if (closed) return;
        closed = true;
        events.onClose(reason);
      },
    });
    return {
      send(text) {
        if (!closed) sent.push(text);
      },
      close() {
        closed = true;
      },
    };
  };
  return { sockets, all };
}
