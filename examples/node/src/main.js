// The program sealift-command.wasm, on a device that Node.js answers for:
//
//   npm run build -- sealift-command.wasm   once
//   node src/main.js device.json put FILE s3://BUCKET/KEY [--set NAME=VALUE]…
//   node src/main.js device.json credentials
//
// device.json names what AWS IoT gave the device (see README.md).
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import { instantiate } from "../generated/command.js";
import { cli, Exit } from "./wasi/cli.js";
import { clocks, random } from "./wasi/clocks.js";
import { filesystem } from "./wasi/filesystem.js";
import { http } from "./wasi/http.js";
import { io } from "./wasi/io.js";
import { Wire } from "./wire.js";

const generated = new URL("../generated/", import.meta.url);
const compiled = (name) => new WebAssembly.Module(readFileSync(new URL(name, generated)));

/** What the program is told: the device's settings are options, and of all files it sees two directories. */
function invocation(device, [task, file, target, ...options]) {
  const { credentialsEndpoint, roleAlias, thingName, region, s3Endpoint, state } = device;
  const provider = [`--credentials-endpoint=${credentialsEndpoint}`, `--role-alias=${roleAlias}`];
  if (thingName) provider.push(`--thing-name=${thingName}`);
  if (task !== "put" || !target) return { words: [task, ...[file, target].filter(Boolean), ...provider], directories: {} };
  const from = resolve(file);
  const job = createHash("sha256").update(JSON.stringify([from, target])).digest("hex");
  mkdirSync(state, { recursive: true });
  const words = [
    "put",
    join("/from", basename(from)),
    target,
    ...provider,
    `--region=${region}`,
    `--journal=/state/${job}.journal`,
  ];
  if (s3Endpoint) words.push(`--s3-endpoint=${s3Endpoint}`);
  const directories = { "/from": { path: dirname(from), isReadOnly: true }, "/state": { path: state } };
  return { words: [...words, ...options], directories };
}

const [config, ...task] = process.argv.slice(2);
if (!task.length) {
  console.error("usage: node src/main.js device.json (put FILE s3://BUCKET/KEY [--set NAME=VALUE]… | credentials)");
  process.exit(2);
}
const device = JSON.parse(readFileSync(config, "utf8"));
const { words, directories } = invocation(device, task);
const wire = new Wire(device);
try {
  const { run } = instantiate(compiled, {
    ...cli({ arguments: ["sealift-command", ...words], stdout: 1 }),
    ...clocks(),
    ...filesystem(directories),
    ...http(wire),
    ...io,
    ...random,
  });
  run.run();
} catch (error) {
  // What failed, the program has told.
  const isFailure = error?.constructor?.name === "ComponentError";
  if (!(error instanceof Exit) && !isFailure) throw error;
  process.exitCode = error.isSuccess ? 0 : 1;
} finally {
  wire.close();
}
