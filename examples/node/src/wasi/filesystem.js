// wasi:filesystem as far as a program uses it that reads a file and keeps a journal: plain files in directories that are given to it.
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

import { InputStream, IoError, OutputStream } from "./io.js";

const PIECE = 64 * 1024;

const CODES = {
  EACCES: "access",
  EEXIST: "exist",
  EISDIR: "is-directory",
  ELOOP: "loop",
  ENOENT: "no-entry",
  ENOSPC: "insufficient-space",
  ENOTDIR: "not-directory",
  EPERM: "not-permitted",
  EROFS: "read-only",
};

/** Runs it; what the system refuses is told by its name in WASI. */
function attempt(work) {
  try {
    return work();
  } catch (error) {
    throw typeof error === "string" ? error : (CODES[error.code] ?? "io");
  }
}

/** The same for what is done to a stream. */
function streamed(work) {
  try {
    return work();
  } catch (error) {
    throw { tag: "last-operation-failed", val: new IoError(error.code) };
  }
}

class Descriptor {
  #path;
  #file;
  #isReadOnly;

  /** A directory has a path, a file is open. */
  constructor({ path, file, isReadOnly = false }) {
    this.#path = path;
    this.#file = file;
    this.#isReadOnly = isReadOnly;
  }

  [Symbol.dispose]() {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  openAt(_, path, { create, exclusive, truncate, directory }, { write }) {
    if (directory) throw "unsupported";
    if (this.#isReadOnly && (write || create || truncate)) throw "read-only";
    // Nothing in a directory of somebody else's, and nothing that leads elsewhere.
    let flags = constants.O_NOFOLLOW | (write ? constants.O_RDWR : constants.O_RDONLY);
    if (create) flags |= constants.O_CREAT;
    if (exclusive) flags |= constants.O_EXCL;
    if (truncate) flags |= constants.O_TRUNC;
    const file = attempt(() => openSync(this.#inside(path), flags, 0o600));
    return new Descriptor({ file });
  }

  unlinkFileAt(path) {
    if (this.#isReadOnly) throw "read-only";
    attempt(() => rmSync(this.#inside(path)));
  }

  statAt(_, path) {
    return attempt(() => told(lstatSync(this.#inside(path), { bigint: true })));
  }

  stat() {
    return attempt(() => told(this.#stat()));
  }

  getFlags() {
    return { read: true, write: true, mutateDirectory: this.#file === undefined };
  }

  metadataHash() {
    return attempt(() => hash(this.#stat()));
  }

  metadataHashAt(_, path) {
    return attempt(() => hash(lstatSync(this.#inside(path), { bigint: true })));
  }

  sync() {
    attempt(() => fsyncSync(this.#file));
  }

  syncData() {
    attempt(() => fdatasyncSync(this.#file));
  }

  setSize(size) {
    attempt(() => ftruncateSync(this.#file, Number(size)));
  }

  /** Bytes, and whether they are the last. */
  read(length, offset) {
    const bytes = new Uint8Array(Math.min(Number(length), PIECE));
    const read = attempt(() => readSync(this.#file, bytes, 0, bytes.length, offset));
    return [bytes.subarray(0, read), read === 0 && bytes.length > 0];
  }

  readViaStream(offset) {
    let position = offset;
    return new InputStream(() => {
      const bytes = new Uint8Array(PIECE);
      const read = streamed(() => readSync(this.#file, bytes, 0, PIECE, position));
      position += BigInt(read);
      return read ? bytes.subarray(0, read) : undefined;
    });
  }

  writeViaStream(offset) {
    let position = Number(offset);
    return new OutputStream((bytes) => {
      for (let done = 0; done < bytes.length; ) {
        const written = streamed(() => writeSync(this.#file, bytes, done, bytes.length - done, position));
        done += written;
        position += written;
      }
    });
  }

  appendViaStream() {
    return this.writeViaStream(attempt(() => this.#stat().size));
  }

  #stat() {
    return this.#file === undefined
      ? lstatSync(this.#path, { bigint: true })
      : fstatSync(this.#file, { bigint: true });
  }

  #inside(path) {
    if (this.#path === undefined) throw "not-directory";
    if (path === "" || path === "." || path === ".." || path.includes("/")) throw "not-permitted";
    return join(this.#path, path);
  }
}

function told(stat) {
  const time = (nanoseconds) => ({
    seconds: nanoseconds / 1_000_000_000n,
    nanoseconds: Number(nanoseconds % 1_000_000_000n),
  });
  const type = stat.isFile() ? "regular-file" : stat.isDirectory() ? "directory" : "unknown";
  return {
    type,
    linkCount: stat.nlink,
    size: stat.size,
    dataModificationTimestamp: time(stat.mtimeNs),
    statusChangeTimestamp: time(stat.ctimeNs),
  };
}

function hash({ dev, ino }) {
  return { lower: ino, upper: dev };
}

/** `directories`: the name under which the program sees each, which it is, and whether it may be changed. */
export function filesystem(directories) {
  const entries = Object.entries(directories).map(([name, directory]) => [new Descriptor(directory), name]);
  return {
    "wasi:filesystem/preopens": { getDirectories: () => entries },
    "wasi:filesystem/types": { Descriptor },
  };
}
