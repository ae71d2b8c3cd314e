// Makes JavaScript of a component, in ./generated: node transpile.js NAME COMPONENT
//
// It is done once for each component, and found whole or not at all: others may do the same now.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [name, component] = process.argv.slice(2);
const digest = createHash("sha256").update(readFileSync(component)).digest("hex");

function isDone() {
  try {
    return readFileSync("generated/digest", "utf8") === digest;
  } catch {
    return false;
  }
}

if (!isDone()) {
  const work = mkdtempSync("generated-");
  const options = ["--instantiation", "sync", "--quiet", "--out-dir", work, "--name", name];
  execFileSync("jco", ["transpile", component, ...options], { stdio: "inherit" });
  writeFileSync(join(work, "digest"), digest);
  if (!isDone()) {
    rmSync("generated", { recursive: true, force: true });
    try {
      renameSync(work, "generated");
    } catch (error) {
      // Somebody else was faster.
      if (!isDone()) throw error;
    }
  }
  rmSync(work, { recursive: true, force: true });
}
