// A device: what it is, what it may reach, and a fresh instance of the component for each call.
import { readFileSync } from "node:fs";

import { instantiate } from "../generated/uploader.js";
import { Hints } from "./contract/hints.js";
import { Job } from "./contract/jobs.js";
import { Journal } from "./contract/journal.js";
import { keystore } from "./contract/keystore.js";
import { Payload, Sending } from "./contract/payload.js";
import { Vault } from "./contract/vault.js";
import { cli } from "../../node/src/wasi/cli.js";
import { clocks, random } from "../../node/src/wasi/clocks.js";
import { http } from "../../node/src/wasi/http.js";
import { io } from "../../node/src/wasi/io.js";
import { Wire } from "../../node/src/wire.js";

const generated = new URL("../generated/", import.meta.url);
const modules = new Map();

/** Compiles each core module once. */
function compiled(name) {
  if (!modules.has(name)) {
    modules.set(name, new WebAssembly.Module(readFileSync(new URL(name, generated))));
  }
  return modules.get(name);
}

export class Gateway {
  constructor(device) {
    this.device = device;
    this.wire = new Wire(device);
    this.hints = new Hints();
    this.vault = new Vault((provider) => this.#instance().credentials.fetch(provider));
  }

  /** Uploads a file, and goes on where an earlier run was interrupted. */
  upload(file, bucket, key) {
    const journal = new Journal(this.device.state, [file, bucket, key]);
    const payload = new Payload(file);
    const job = new Job(this.device, { bucket, key, payload });
    const { transfer } = this.#instance({ journal, vault: this.vault });
    const outcome = transfer.upload(job);
    journal.reset();
    return outcome;
  }

  close() {
    this.wire.close();
  }

  /** Outside of jobs there is no journal, and inside `credentials.fetch` no vault. */
  #instance({ journal = Journal.none, vault = Vault.none } = {}) {
    return instantiate(compiled, {
      ...cli(),
      ...clocks(),
      ...http(this.wire),
      ...io,
      ...random,
      "sealift:gateway/hints": this.hints.functions,
      "sealift:gateway/jobs": { Job },
      "sealift:gateway/journal": journal.functions,
      "sealift:gateway/keystore": keystore(this.device),
      "sealift:gateway/payload": { Payload, Sending },
      "sealift:gateway/progress": { report: () => "go-on" },
      "sealift:gateway/vault": vault.functions,
    });
  }
}
