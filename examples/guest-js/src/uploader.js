// An uploader of JSON lines: it counts the lines of a file and tags the object with their number. The bytes of the file
// stay in the host, which is told to make them the request's body.
import { report } from "sealift:gateway/progress@0.1.0";
import { credentials as lend } from "sealift:gateway/vault@0.1.0";
import { now } from "wasi:clocks/wall-clock@0.2.12";

import { exchange } from "./http.js";
import { encode, sign } from "./sigv4.js";

const NEWLINE = 10;
const PIECE = 1n << 20n;

/** The contract's error record. */
export function failure(kind, message, more = {}) {
  return { kind, message, ...more };
}

function unsupported(what) {
  throw failure("unsupported", `this component knows no ${what}`);
}

function settings(list) {
  return Object.fromEntries(list.map(({ name, value }) => [name, value]));
}

function lines(payload, size) {
  let count = 0;
  for (let offset = 0n; offset < size; offset += PIECE) {
    const bytes = payload.read(offset, PIECE);
    count += bytes.filter((byte) => byte === NEWLINE).length;
  }
  return count;
}

/** Where the object is, as `job.location` says it. */
function place(location, bucket, key) {
  const { region = "us-east-1", endpoint, "dns-suffix": suffix = "amazonaws.com" } = location;
  const path = key.split("/").map(encode).join("/");
  return endpoint
    ? { region, authority: endpoint.replace("https://", ""), path: `/${bucket}/${path}` }
    : { region, authority: `${bucket}.s3.${region}.${suffix}`, path: `/${path}` };
}

export const transfer = {
  upload(job) {
    const payload = job.payload();
    const size = payload.size();
    if (size === undefined) throw failure("unsupported", "this component uploads files, not streams");
    const { region, authority, path } = place(settings(job.location()), job.bucket(), job.key());
    const headers = {
      "content-type": "application/jsonl",
      "x-amz-tagging": `lines=${lines(payload, size)}`,
    };
    if (report({ tag: "attempt", val: 1 }) === "stop") throw failure("cancelled", "told to stop");
    const credentials = lend(job.credentialsProvider(), undefined);
    const time = Number(now().seconds);
    const signed = sign({ method: "PUT", authority, path, headers, credentials, region, time });
    const answer = exchange({ method: "put", authority, path, headers: signed }, (request) =>
      payload.attach(request, { offset: 0n, length: size }, { tag: "raw", val: undefined }),
    );
    if (answer.status !== 200) {
      const kind = answer.status >= 500 ? "server" : "denied";
      throw failure(kind, `the store answered ${answer.status}`, { status: answer.status });
    }
    const etag = (answer.header("etag") ?? "").replaceAll('"', "");
    return { tag: "stored", val: { etag, attempts: 1, reasons: [] } };
  },
  listUnfinished: () => [],
  abort: () => unsupported("uploads in parts"),
};

export const credentials = {
  // "Authorizing direct calls to AWS services using AWS IoT Core credential provider", AWS IoT Core Developer Guide.
  fetch(provider) {
    if (provider.name !== "iot") unsupported(`provider ${provider.name}`);
    const { endpoint, "role-alias": alias, "thing-name": thing } = settings(provider.settings);
    const answer = exchange({
      method: "get",
      authority: endpoint,
      path: `/role-aliases/${encode(alias)}/credentials`,
      headers: thing ? { "x-amzn-iot-thingname": thing } : {},
    });
    if (answer.status !== 200) {
      throw failure("denied", `the credentials provider answered ${answer.status}`);
    }
    const { credentials } = JSON.parse(answer.text());
    return {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey,
      sessionToken: credentials.sessionToken,
      expiration: BigInt(Math.floor(Date.parse(credentials.expiration) / 1000)),
    };
  },
};

export const aws = {
  call: () => unsupported("other services"),
  presign: () => unsupported("presigned URLs"),
};

export const plugin = {
  describe: () => ({
    name: "json-lines",
    version: "1.0.0",
    capabilities: ["credentials.fetch", "transfer.upload"],
    providers: ["iot"],
  }),
  probe() {
    // The example of "Create a signed AWS API request" would be better still.
    if (encode("a b/ü!") !== "a%20b%2F%C3%BC%21") throw failure("internal", "paths are encoded wrongly");
  },
};
