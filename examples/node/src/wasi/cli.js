// wasi:cli without variables and terminals.
import { writeSync } from "node:fs";

import { InputStream, OutputStream } from "./io.js";

class TerminalInput {}
class TerminalOutput {}

/** The component has ended itself. */
export class Exit extends Error {
  constructor(isSuccess) {
    super(`the component ended itself ${isSuccess ? "in order" : "with a failure"}`);
    this.isSuccess = isSuccess;
  }
}

const to = (file) => () =>
  new OutputStream((bytes) => {
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    } catch {
      throw { tag: "closed" };
    }
  });

/** What a component is told at its start, and the file that its results go to. */
export function cli({ arguments: words = [], stdout = 2 } = {}) {
  return {
    "wasi:cli/environment": {
      getEnvironment: () => [],
      getArguments: () => words,
      initialCwd: () => undefined,
    },
    "wasi:cli/exit": {
      exit: ({ tag }) => {
        throw new Exit(tag === "ok");
      },
    },
    "wasi:cli/stdin": { getStdin: () => new InputStream(() => undefined) },
    "wasi:cli/stdout": { getStdout: to(stdout) },
    "wasi:cli/stderr": { getStderr: to(2) },
    "wasi:cli/terminal-input": { TerminalInput },
    "wasi:cli/terminal-output": { TerminalOutput },
    "wasi:cli/terminal-stdin": { getTerminalStdin: () => undefined },
    "wasi:cli/terminal-stdout": { getTerminalStdout: () => undefined },
    "wasi:cli/terminal-stderr": { getTerminalStderr: () => undefined },
  };
}
