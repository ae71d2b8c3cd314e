// wasi:cli as far as a language's runtime wants it: no arguments, no variables, and output for people.
import { writeSync } from "node:fs";

import { InputStream, OutputStream } from "./io.js";

class TerminalInput {}
class TerminalOutput {}

const toStandardError = () => new OutputStream((bytes) => writeSync(2, bytes));

export const cli = {
  "wasi:cli/environment": { getEnvironment: () => [], getArguments: () => [], initialCwd: () => undefined },
  "wasi:cli/exit": {
    exit: () => {
      throw new Error("the component ended itself");
    },
  },
  "wasi:cli/stdin": { getStdin: () => new InputStream(() => undefined) },
  "wasi:cli/stdout": { getStdout: toStandardError },
  "wasi:cli/stderr": { getStderr: toStandardError },
  "wasi:cli/terminal-input": { TerminalInput },
  "wasi:cli/terminal-output": { TerminalOutput },
  "wasi:cli/terminal-stdin": { getTerminalStdin: () => undefined },
  "wasi:cli/terminal-stdout": { getTerminalStdout: () => undefined },
  "wasi:cli/terminal-stderr": { getTerminalStderr: () => undefined },
};
