// `hints`: small facts that outlive an instance, here as long as the process.

/** As hints.wit has it. */
const MOST = 256;

export class Hints {
  #hints = new Map();

  functions = {
    get: (name) => {
      const { value, end } = this.#hints.get(name) ?? {};
      return end > Date.now() ? value : undefined;
    },
    put: (name, value, seconds) => {
      if (name.length > 128 || value.length > 1024 || this.#hints.size >= MOST) {
        throw { kind: "too-large", message: "no more hints are kept" };
      }
      this.#hints.set(name, { value, end: Date.now() + Number(seconds) * 1000 });
    },
  };
}
