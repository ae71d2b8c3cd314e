// `vault`: credentials, fetched by the component itself when they are needed.

/** So long before their end, credentials are replaced: five minutes, or a third of their life. */
const MARGIN = 300;

export class Vault {
  #fetch;
  #held = new Map();

  constructor(fetch) {
    this.#fetch = fetch;
  }

  /** Of a call that fetches credentials. */
  static none = {
    functions: {
      credentials: () => {
        throw { kind: "unavailable", message: "credentials are being fetched" };
      },
    },
  };

  functions = {
    credentials: (provider, rejected) => {
      const name = JSON.stringify(provider);
      const held = this.#held.get(name);
      const now = Date.now() / 1000;
      if (held && held.until > now && held.credentials.accessKeyId !== rejected) {
        return held.credentials;
      }
      try {
        const credentials = this.#fetch(provider);
        const life = Number(credentials.expiration) - now;
        const until = now + life - Math.min(MARGIN, life / 3);
        this.#held.set(name, { credentials, until });
        return credentials;
      } catch (error) {
        // What the component says is the contract's error record; all else is a defect.
        throw error.payload ?? { kind: "internal", message: String(error) };
      }
    },
  };
}
