// `payload`: a file whose bytes the component does not see unless it reads them.
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const PIECE = 1 << 20;

/** What tells one version of a file from another. */
export function fingerprint(file) {
  const { dev, ino, size, mtimeNs, ctimeNs } = fstatSync(file, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join("-");
}

export class Payload {
  #file;
  #path;
  #version;

  constructor(path) {
    this.#path = path;
    this.#file = openSync(path);
    this.#version = fingerprint(this.#file);
  }

  size() {
    return fstatSync(this.#file, { bigint: true }).size;
  }

  fingerprint() {
    return this.#version;
  }

  checksum(algorithm, { offset, length }) {
    const hash = hashOf(algorithm);
    for (let done = 0n; done < length; ) {
      const bytes = this.read(offset + done, length - done);
      if (bytes.length === 0) break;
      hash.update(bytes);
      done += BigInt(bytes.length);
    }
    return { algorithm, digest: new Uint8Array(hash.digest()) };
  }

  read(offset, length) {
    this.#unchanged();
    const most = length < PIECE ? Number(length) : PIECE;
    const bytes = new Uint8Array(most);
    return bytes.subarray(0, readSync(this.#file, bytes, 0, most, offset));
  }

  acquire() {
    throw { kind: "unsupported", message: "the size is known" };
  }

  release() {}

  attach(request, { offset, length }, framing) {
    this.#unchanged();
    const algorithm = framing.val;
    if (algorithm) hashOf(algorithm);
    const sending = new Sending(algorithm);
    request.attached = {
      path: this.#path,
      version: this.#version,
      offset: Number(offset),
      length: Number(length),
      chunked: framing.tag === "aws-chunked",
      algorithm,
      sending,
    };
    return sending;
  }

  close() {
    closeSync(this.#file);
  }

  #unchanged() {
    if (fingerprint(this.#file) !== this.#version) {
      throw { kind: "source-changed", message: `${this.#path} has changed` };
    }
  }
}

/** A body on its way; the wire tells how far it is. */
export class Sending {
  bytes = 0;
  digest = undefined;
  #algorithm;

  constructor(algorithm) {
    this.#algorithm = algorithm;
  }

  sent() {
    return BigInt(this.bytes);
  }

  checksum() {
    return this.digest && { algorithm: this.#algorithm, digest: this.digest };
  }
}

function hashOf(algorithm) {
  if (algorithm !== "sha256" && algorithm !== "sha1") {
    throw { kind: "unsupported", message: `this host computes no ${algorithm}` };
  }
  return createHash(algorithm);
}
