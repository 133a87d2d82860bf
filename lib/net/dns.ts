/**
 * Hands the guest's questions to the host's name servers (RFC 1035, over UDP), one after the other; when none answers, the guest is told
 * that the server failed. Answers that do not fit into one frame are cut off and marked so; then the guest asks again over TCP.
 */
import { createSocket } from 'node:dgram';
import type { HostTarget, Link } from './link.js';
import { type Datagram, encodeUdp, replyTo, UDP_PAYLOAD_MAX } from './udp.js';

export const DNS_PORT = 53;
const TIMEOUT_MS = 3000;
/** Questions that are not answered yet; more are dropped. */
const PENDING_MAX = 64;

const HEADER_BYTES = 12;
const QUESTION_COUNT_AT = 4;
// In the header's bytes 2 and 3
const FLAG_RESPONSE = 0x80;
const OPCODE_MASK = 0x78;
const FLAG_TRUNCATED = 0x02;
const FLAG_RECURSION_DESIRED = 0x01;
const FLAG_RECURSION_AVAILABLE = 0x80;
const SERVER_FAILURE = 2;

/** A server as `node:dns` names it: `1.2.3.4`, `1.2.3.4:5353`, `fe80::1%eth0` or `[::1]:5353`. */
export function parseServer(text: string): HostTarget {
  const withPort = /^\[(.+)\]:(\d+)$/.exec(text) ?? /^([^:]+):(\d+)$/.exec(text);
  return withPort ? { host: withPort[1] as string, port: Number(withPort[2]) } : { host: text, port: DNS_PORT };
}

/** Where the only question ends; `undefined` if there is not exactly one, or it is malformed. */
function endOfQuestion(message: Uint8Array): number | undefined {
  if (message[QUESTION_COUNT_AT] !== 0 || message[QUESTION_COUNT_AT + 1] !== 1) return undefined;
  let at = HEADER_BYTES;
  for (let length = message[at]; length !== 0; length = message[at]) {
    if (length === undefined || length > 63) return undefined;
    at += length + 1;
  }
  return at + 5 <= message.length ? at + 5 : undefined;
}

/** Header and question of `message` as an answer without records. */
function emptyAnswer(message: Uint8Array, flags: number, code: number): Uint8Array {
  const end = endOfQuestion(message);
  const answer = new Uint8Array(end ?? HEADER_BYTES);
  answer.set(message.subarray(0, answer.length));
  answer.fill(0, QUESTION_COUNT_AT, HEADER_BYTES);
  answer[2] = FLAG_RESPONSE | ((message[2] as number) & (OPCODE_MASK | FLAG_RECURSION_DESIRED)) | flags;
  answer[3] = FLAG_RECURSION_AVAILABLE | code;
  answer[QUESTION_COUNT_AT + 1] = end === undefined ? 0 : 1;
  return answer;
}

/** The answer that a server which cannot help gives to `question`. */
export const serverFailure = (question: Uint8Array): Uint8Array => emptyAnswer(question, 0, SERVER_FAILURE);

export class DnsForwarder {
  private readonly link: Link;
  private readonly servers: readonly HostTarget[];
  private readonly pending = new Set<() => void>();

  constructor(link: Link, servers: readonly HostTarget[]) {
    this.link = link;
    this.servers = servers;
  }

  get busy(): boolean {
    return this.pending.size > 0;
  }

  /** Takes a question of the guest. */
  receive(question: Datagram): void {
    const { payload } = question;
    if (payload.length < HEADER_BYTES || (payload[2] as number) & FLAG_RESPONSE || this.pending.size >= PENDING_MAX) return;
    const answered = (answer: Uint8Array | undefined) => {
      const fitting = answer && answer.length > UDP_PAYLOAD_MAX ? emptyAnswer(answer, FLAG_TRUNCATED, 0) : answer;
      this.link.send(encodeUdp(replyTo(question, fitting ?? serverFailure(payload))));
    };
    this.ask(payload, this.servers, answered);
  }

  /** Forgets all questions. */
  close(): void {
    for (const cancel of [...this.pending]) cancel();
  }

  /** Asks the first of `servers`, and the others if it does not answer. */
  private ask(question: Uint8Array, servers: readonly HostTarget[], answered: (answer: Uint8Array | undefined) => void): void {
    const [server, ...others] = servers;
    if (!server) return answered(undefined);
    const socket = createSocket(server.host.includes(':') ? 'udp6' : 'udp4');
    const cancel = () => {
      clearTimeout(timer);
      this.pending.delete(cancel);
      socket.close();
    };
    const next = () => {
      if (!this.pending.has(cancel)) return;
      cancel();
      this.ask(question, others, answered);
      this.link.changed();
    };
    const timer = setTimeout(next, TIMEOUT_MS).unref();
    this.pending.add(cancel);
    socket.on('error', next);
    socket.on('message', (answer) => {
      const isAnswer = answer.length >= HEADER_BYTES && answer[0] === question[0] && answer[1] === question[1];
      if (!isAnswer || !((answer[2] as number) & FLAG_RESPONSE) || !this.pending.has(cancel)) return;
      cancel();
      answered(answer);
    });
    // Only this server can answer on a connected socket, and a refusal comes back as an error.
    socket.connect(server.port, server.host, () => {
      if (this.pending.has(cancel)) socket.send(question, (error) => error && next());
    });
  }
}
