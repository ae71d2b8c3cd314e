// `jobs`: what is to be done.

const settings = (values) =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, value: String(value) }));

export class Job {
  #device;
  #job;

  constructor(device, job) {
    this.#device = device;
    this.#job = job;
  }

  bucket() {
    return this.#job.bucket;
  }

  key() {
    return this.#job.key;
  }

  location() {
    const { region, s3Endpoint } = this.#device;
    return settings({ region, endpoint: s3Endpoint, addressing: s3Endpoint && "path" });
  }

  options() {
    // What Node can compute.
    return settings({ checksum: "sha256", "multipart-threshold": 16 << 20, "part-size": 8 << 20 });
  }

  credentialsProvider() {
    const { credentialsEndpoint: endpoint, roleAlias, thingName } = this.#device;
    const named = { endpoint, "role-alias": roleAlias, "thing-name": thingName };
    return { name: "iot", settings: settings(named) };
  }

  payload() {
    return this.#job.payload;
  }
}
