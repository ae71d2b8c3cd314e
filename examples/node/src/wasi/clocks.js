// wasi:clocks and wasi:random.
import { randomBytes } from "node:crypto";

import { Pollable } from "./io.js";

const MILLISECOND = 1_000_000n;
const idle = new Int32Array(new SharedArrayBuffer(4));

function at(time) {
  const now = () => process.hrtime.bigint();
  const left = () => (time > now() ? Number((time - now()) / MILLISECOND) + 1 : 0);
  const sleep = (milliseconds) => Atomics.wait(idle, 0, 0, milliseconds);
  return new Pollable(() => now() >= time, sleep, left);
}

export function clocks() {
  return {
    "wasi:clocks/monotonic-clock": {
      now: () => process.hrtime.bigint(),
      subscribeInstant: at,
      subscribeDuration: (duration) => at(process.hrtime.bigint() + duration),
    },
    "wasi:clocks/wall-clock": {
      now: () => {
        const now = Date.now();
        return { seconds: BigInt(Math.floor(now / 1000)), nanoseconds: (now % 1000) * 1_000_000 };
      },
    },
  };
}

export const random = {
  "wasi:random/random": {
    getRandomBytes: (length) => new Uint8Array(randomBytes(Number(length))),
    getRandomU64: () => randomBytes(8).readBigUInt64LE(),
  },
  "wasi:random/insecure-seed": {
    insecureSeed: () => {
      const bytes = randomBytes(16);
      return [bytes.readBigUInt64LE(0), bytes.readBigUInt64LE(8)];
    },
  },
};
