// Chat that misses nothing: it connects anew by itself, and after every connect asks for what it has missed.
import { io, type Socket } from 'socket.io-client';
import type { Session } from './client.js';
import {
  CHAT_NAMESPACE,
  type ChatClientEvents,
  type ChatServerEvents,
  type Message,
  type MessageAck,
  type Problem,
  type SocketError,
  type Synced,
} from './sockets.js';

export type ChatSocket = Socket<ChatServerEvents, ChatClientEvents>;

/** A problem that an event was refused with. */
export class RefusedEvent extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
  }
}

const ACK_MILLISECONDS = 10_000;
const CHATS_AT_ONCE = 100;

export class Chat {
  readonly socket: ChatSocket;
  /** The last `seq` of each chat; keep it where it outlives the program. */
  readonly seen: Map<number, number>;
  #syncing = false;
  #again = false;

  /** `onMessage` gets each message once, in the order of its chat. */
  constructor(
    private readonly session: Session,
    private readonly onMessage: (message: Message) => void,
    seen: Iterable<[number, number]> = [],
  ) {
    this.seen = new Map(seen);
    this.socket = io(session.baseUrl + CHAT_NAMESPACE, {
      transports: ['websocket'],
      auth: (send) => send({ token: session.accessToken }),
      forceNew: true,
    });
    this.socket.on('connect', () => void this.#sync());
    this.socket.on('sync:required', () => void this.#sync());
    this.socket.on('message:new', (message) => this.#take(message));
    // The namespace refuses a token that has expired; socket.io-client does not try again by itself then.
    this.socket.on('connect_error', (error) => {
      const refused = (error as Error & { data?: Problem }).data;
      if (refused?.status === 401) void session.refresh().then((renewed) => renewed && this.socket.connect());
    });
    this.socket.on('disconnect', (reason) => {
      if (reason === 'io server disconnect') this.socket.connect();
    });
  }

  /** Send a message. The same `clientId` again is safe: it stores nothing twice. Throws RefusedEvent. */
  async send(chatId: number, text: string, clientId: string): Promise<MessageAck> {
    const message = { chat_id: chatId, client_id: clientId, text };
    return accepted(await this.socket.timeout(ACK_MILLISECONDS).emitWithAck('message:send', message));
  }

  /** Say how far one has read. Throws RefusedEvent. */
  async read(chatId: number, upToSeq: number): Promise<void> {
    const mark = { chat_id: chatId, up_to_seq: upToSeq };
    accepted(await this.socket.timeout(ACK_MILLISECONDS).emitWithAck('message:read', mark));
  }

  close(): void {
    this.socket.disconnect();
  }

  #take(message: Message): void {
    const last = this.seen.get(message.chat_id) ?? 0;
    if (message.seq > last + 1) {
      // Some before it are missing: it comes after them, with the next `sync`.
      this.seen.set(message.chat_id, last);
      void this.#sync();
    } else if (message.seq > last) {
      this.seen.set(message.chat_id, message.seq);
      this.onMessage(message);
    }
  }

  /** Ask for what was missed until nothing is; one call at a time, and a lost one is repeated at the next connect. */
  async #sync(): Promise<void> {
    if (this.#syncing) {
      this.#again = true;
      return;
    }
    this.#syncing = true;
    try {
      do {
        this.#again = false;
        const all = [...this.seen];
        for (let from = 0; from === 0 || from < all.length; from += CHATS_AT_ONCE) {
          const chats = Object.fromEntries(all.slice(from, from + CHATS_AT_ONCE));
          this.#apply(accepted(await this.socket.timeout(ACK_MILLISECONDS).emitWithAck('sync', { chats })));
        }
      } while (this.#again);
    } catch {
      // Not connected any more, or refused for a moment: `seen` still says what is missing.
    } finally {
      this.#syncing = false;
    }
  }

  #apply(answer: Synced): void {
    for (const chat of answer.chats) {
      if (chat.reset) this.seen.set(chat.chat_id, 0);
      for (const message of chat.items) this.#take(message);
      this.#again ||= chat.more || chat.reset;
    }
    for (const chat of answer.unlisted) {
      if (!this.seen.has(chat.chat_id)) {
        this.seen.set(chat.chat_id, 0);
        this.#again = true;
      }
    }
  }
}

/** The ack, unless it is an error. Throws RefusedEvent. */
export function accepted<T extends object>(answer: T | SocketError): T {
  if ('error' in answer) throw new RefusedEvent(answer.error as Problem);
  return answer;
}
