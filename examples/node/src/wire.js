// The network as a component's calls want it: they wait, while a thread of its own does the work.
import { MessageChannel, Worker, receiveMessageOnPort } from "node:worker_threads";

import { IoError } from "./wasi/io.js";

export class Wire {
  #news = new Int32Array(new SharedArrayBuffer(4));
  #exchanges = new Map();
  #worker;
  #port;
  #dead = false;

  constructor(device) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.device = device;
    const workerData = { device, port: port2, news: this.#news };
    const options = { workerData, transferList: [port2] };
    this.#worker = new Worker(new URL("./wire-worker.js", import.meta.url), options);
    this.#worker.unref();
  }

  /** Begins a request: one to the credentials provider by mutual TLS, one to the store, and no other. */
  begin(request) {
    const { method, scheme, authority, path, attached } = request;
    const exchange = { pieces: [], sending: attached?.sending };
    const identity = this.#isForIdentity(request);
    if (this.#dead) {
      exchange.error = { tag: "configuration-error" };
      return exchange;
    }
    if (scheme !== "HTTPS" || (!identity && !this.#isStore(authority))) {
      exchange.error = { tag: "HTTP-request-denied" };
      return exchange;
    }
    exchange.id = this.#exchanges.size;
    this.#exchanges.set(exchange.id, exchange);
    const headers = request.headers().entries().map(([name, value]) => [name, Buffer.from(value).toString("latin1")]);
    const file = attached && { ...attached, sending: undefined };
    const isWritten = Boolean(request.written);
    this.#port.postMessage({ id: exchange.id, method, authority, path, headers, identity, file, isWritten });
    return exchange;
  }

  /** The body of a request that the component wrote itself. */
  send({ id }, bytes) {
    this.#port.postMessage({ id, bytes });
  }

  /** Nobody waits for it any more. */
  cancel(exchange) {
    if (exchange.head || exchange.error) return;
    exchange.error = { tag: "connection-terminated" };
    this.#port.postMessage({ id: exchange.id, cancelled: true });
  }

  /** The next piece of an answer; nothing at its end. */
  read(exchange) {
    for (;;) {
      const piece = exchange.pieces.shift();
      if (piece) return piece;
      if (exchange.error) throw { tag: "last-operation-failed", val: new IoError(exchange.error) };
      if (exchange.ended) return undefined;
      this.pump(Infinity);
    }
  }

  /** Waits for news at most so many milliseconds. */
  pump(milliseconds) {
    const seen = Atomics.load(this.#news, 0);
    if (!this.#take()) {
      Atomics.wait(this.#news, 0, seen, milliseconds);
      this.#take();
    }
  }

  close() {
    this.#worker.terminate();
  }

  #take() {
    let any = false;
    for (let news; (news = receiveMessageOnPort(this.#port)); any = true) {
      const { id, head, piece, ended, error, sent, digest, dead } = news.message;
      if (dead) {
        this.#die(dead);
        continue;
      }
      const exchange = this.#exchanges.get(id);
      if (head) exchange.head = head;
      if (piece) exchange.pieces.push(piece);
      if (ended) exchange.ended = true;
      if (error) exchange.error = error;
      if (sent) exchange.sending.bytes += sent;
      if (digest) exchange.sending.digest = digest;
    }
    return any;
  }

  /** The thread does nothing any more: what is under way has failed, and so has what follows. */
  #die(why) {
    if (!this.#dead) console.error(why);
    this.#dead = true;
    for (const exchange of this.#exchanges.values()) {
      if (!exchange.ended) exchange.error ??= { tag: "configuration-error" };
    }
  }

  #isForIdentity({ method, authority, path }) {
    const { credentialsEndpoint, roleAlias } = this.device;
    return (
      method === "GET" &&
      authority === credentialsEndpoint &&
      path === `/role-aliases/${encodeURIComponent(roleAlias)}/credentials`
    );
  }

  #isStore(authority) {
    const { region, s3Endpoint } = this.device;
    return s3Endpoint
      ? `https://${authority}` === s3Endpoint
      : authority.endsWith(`.s3.${region}.amazonaws.com`) || authority === `s3.${region}.amazonaws.com`;
  }
}
