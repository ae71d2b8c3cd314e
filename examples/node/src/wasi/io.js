// wasi:io: what can be waited for, and streams of bytes.

/** Something that will be so, perhaps at a known time; `pump` waits for news at most so many milliseconds. */
export class Pollable {
  #isReady;
  #pump;
  #due;

  constructor(isReady, pump, due = () => Infinity) {
    this.#isReady = isReady;
    this.#pump = pump;
    this.#due = due;
  }

  ready() {
    return this.#isReady();
  }

  block() {
    poll([this]);
  }

  static wait(pollables) {
    const due = Math.min(...pollables.map((pollable) => pollable.#due()));
    pollables[0].#pump(due);
  }
}

function poll(pollables) {
  for (;;) {
    const ready = pollables.flatMap((pollable, index) => (pollable.ready() ? [index] : []));
    if (ready.length > 0) return new Uint32Array(ready);
    Pollable.wait(pollables);
  }
}

/** A stream's operation failed. */
export class IoError {
  constructor(code) {
    this.code = code;
  }

  toDebugString() {
    return JSON.stringify(this.code);
  }
}

/** Bytes that `next` gives piece by piece; nothing at their end. */
export class InputStream {
  #next;
  #rest = new Uint8Array();

  constructor(next) {
    this.#next = next;
  }

  blockingRead(length) {
    if (this.#rest.length === 0) {
      const piece = this.#next();
      if (!piece) throw { tag: "closed" };
      this.#rest = piece;
    }
    const most = length < this.#rest.length ? Number(length) : this.#rest.length;
    const bytes = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(most);
    return bytes;
  }
}

/** Bytes for `write`. */
export class OutputStream {
  #write;

  constructor(write) {
    this.#write = write;
  }

  checkWrite() {
    return 65536n;
  }

  write(bytes) {
    this.#write(bytes);
  }

  blockingWriteAndFlush(bytes) {
    this.#write(bytes);
  }

  flush() {}

  blockingFlush() {}

  subscribe() {
    return new Pollable(() => true, () => {});
  }
}

export const io = {
  "wasi:io/error": { Error: IoError },
  "wasi:io/poll": { Pollable, poll },
  "wasi:io/streams": { InputStream, OutputStream },
};
