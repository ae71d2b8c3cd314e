// Bundles src/uploader.js and makes a component of it: uploader.wasm.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { componentize } from "@bytecodealliance/componentize-js";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { outputFiles } = await build({
  entryPoints: [here("src/uploader.js")],
  bundle: true,
  format: "esm",
  // The host's.
  external: ["wasi:*", "sealift:*"],
  write: false,
});
const { component } = await componentize(outputFiles[0].text, {
  witPath: here("../../wit"),
  worldName: "uploader",
  // What a gateway does not offer, or the world names itself.
  disableFeatures: ["clocks", "fetch-event", "http", "random", "stdio"],
});
await writeFile(process.argv[2] ?? here("uploader.wasm"), component);
