// Requests by wasi:http, one at a time.
import { handle } from "wasi:http/outgoing-handler@0.2.12";
import { Fields, OutgoingRequest } from "wasi:http/types@0.2.12";

import { failure } from "./uploader.js";

const utf8 = new TextEncoder();

/** The longest answer that is read, in bytes. */
const LONGEST = 1 << 20;

/** Sends a request, whose body `prepare` may give it, and waits for the answer. */
export function exchange({ method, authority, path, headers }, prepare = () => {}) {
  const fields = Object.entries(headers)
    .filter(([name]) => name !== "host")
    .map(([name, value]) => [name, utf8.encode(value)]);
  const request = new OutgoingRequest(Fields.fromList(fields));
  request.setMethod({ tag: method });
  request.setScheme({ tag: "HTTPS" });
  request.setAuthority(authority);
  request.setPathWithQuery(path);
  prepare(request);
  const pending = handle(request, undefined);
  pending.subscribe().block();
  const answer = pending.get().val;
  if (answer.tag === "err") {
    throw failure("network", `no answer from ${authority}: ${answer.val.tag}`);
  }
  return new Answer(answer.val);
}

class Answer {
  constructor(response) {
    this.response = response;
    this.status = response.status();
  }

  header(name) {
    const [value] = this.response.headers().get(name);
    return value && new TextDecoder().decode(value);
  }

  text() {
    const stream = this.response.consume().stream();
    const bytes = [];
    for (;;) {
      let piece;
      try {
        piece = stream.blockingRead(65536n);
      } catch (error) {
        if (error.payload?.tag === "closed") break;
        throw failure("network", "an answer broke off");
      }
      bytes.push(...piece);
      if (bytes.length > LONGEST) throw failure("too-large", "an answer is too long");
    }
    return new TextDecoder().decode(new Uint8Array(bytes));
  }
}
