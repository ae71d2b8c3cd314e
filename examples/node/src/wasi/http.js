// wasi:http: requests that a component makes, and the answers to them.
import { InputStream, OutputStream, Pollable } from "./io.js";

export class Fields {
  #entries;

  constructor(entries = []) {
    this.#entries = entries;
  }

  append(name, value) {
    this.#entries.push([name.toLowerCase(), value]);
  }

  set(name, values) {
    const others = this.#entries.filter(([other]) => other !== name.toLowerCase());
    this.#entries = [...others, ...values.map((value) => [name.toLowerCase(), value])];
  }

  entries() {
    return this.#entries;
  }
}

/** Times are the wire's own. */
class RequestOptions {
  setConnectTimeout() {}
  setFirstByteTimeout() {}
  setBetweenBytesTimeout() {}
}

class OutgoingRequest {
  method = "GET";
  scheme = "HTTPS";
  attached = undefined;
  written = undefined;

  #headers;

  constructor(headers) {
    this.#headers = headers;
  }

  headers() {
    return this.#headers;
  }

  setMethod({ tag, val }) {
    this.method = (val ?? tag).toUpperCase();
  }

  setScheme(scheme) {
    this.scheme = scheme?.tag;
  }

  setAuthority(authority) {
    this.authority = authority;
  }

  setPathWithQuery(path) {
    this.path = path;
  }

  body() {
    if (this.written || this.attached) throw undefined;
    this.written = new OutgoingBody();
    return this.written;
  }
}

/** The bytes of a body that the component makes: not more than a part of an upload, and sent when they are whole. */
class OutgoingBody {
  pieces = [];
  finished = () => {};

  write() {
    return new OutputStream((bytes) => this.pieces.push(bytes.slice()));
  }

  static finish(body) {
    body.finished(Buffer.concat(body.pieces));
  }
}

class FutureIncomingResponse {
  #wire;
  #exchange;

  constructor(wire, exchange) {
    this.#wire = wire;
    this.#exchange = exchange;
  }

  subscribe() {
    const { head, error } = { ...this.#exchange };
    return head || error
      ? new Pollable(() => true, () => {})
      : new Pollable(
          () => Boolean(this.#exchange.head || this.#exchange.error),
          (milliseconds) => this.#wire.pump(milliseconds),
        );
  }

  [Symbol.dispose]() {
    this.#wire.cancel(this.#exchange);
  }

  get() {
    const { head, error } = this.#exchange;
    if (error) return { tag: "ok", val: { tag: "err", val: error } };
    if (!head) return undefined;
    return { tag: "ok", val: { tag: "ok", val: new IncomingResponse(this.#wire, this.#exchange) } };
  }
}

class IncomingResponse {
  #wire;
  #exchange;

  constructor(wire, exchange) {
    this.#wire = wire;
    this.#exchange = exchange;
  }

  status() {
    return this.#exchange.head.status;
  }

  headers() {
    return new Fields(this.#exchange.head.headers);
  }

  consume() {
    return new IncomingBody(this.#wire, this.#exchange);
  }
}

class IncomingBody {
  #wire;
  #exchange;

  constructor(wire, exchange) {
    this.#wire = wire;
    this.#exchange = exchange;
  }

  stream() {
    return new InputStream(() => this.#wire.read(this.#exchange));
  }
}

export function http(wire) {
  const handle = (request) => {
    const exchange = wire.begin(request);
    if (request.written) {
      request.written.finished = (bytes) => wire.send(exchange, bytes);
    }
    return new FutureIncomingResponse(wire, exchange);
  };
  return {
    "wasi:http/outgoing-handler": { handle },
    "wasi:http/types": {
      Fields,
      FutureIncomingResponse,
      IncomingBody,
      IncomingResponse,
      OutgoingBody,
      OutgoingRequest,
      RequestOptions,
      httpErrorCode: (error) => error.code,
    },
  };
}
