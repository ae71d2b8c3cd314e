// `journal`: an append-only file of records for each job, a line each. A line that was torn off by a loss of power is none.
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

export class Journal {
  #path;

  constructor(directory, job) {
    const id = createHash("sha256").update(JSON.stringify(job)).digest("hex");
    this.#path = join(directory, `${id}.journal`);
    mkdirSync(directory, { recursive: true });
  }

  /** Of a call that has none. */
  static none = {
    functions: { load: () => [], append: unavailable, reset: unavailable },
  };

  reset() {
    rmSync(this.#path, { force: true });
  }

  functions = {
    load: () => {
      let text;
      try {
        text = readFileSync(this.#path, "utf8");
      } catch (error) {
        if (error.code === "ENOENT") return [];
        throw { kind: "unavailable", message: error.message };
      }
      return text
        .split("\n")
        .slice(0, -1)
        .map((line) => new Uint8Array(Buffer.from(line, "base64")));
    },
    append: (entry) => {
      if (entry.length > 4096) throw { kind: "too-large", message: "a record has 4 KiB at most" };
      const file = openSync(this.#path, "a", 0o600);
      try {
        writeSync(file, `${Buffer.from(entry).toString("base64")}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    },
    reset: () => this.reset(),
  };
}

function unavailable() {
  throw { kind: "unavailable", message: "this call belongs to no job" };
}
