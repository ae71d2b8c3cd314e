// Signature Version 4 for headers ("Create a signed AWS API request", IAM User Guide). The body is not part of the
// signature: TLS and the checksum of the payload vouch for it.
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

const utf8 = new TextEncoder();
const keyed = (key, text) => hmac(sha256, key, utf8.encode(text));

/** A part of a path as it is signed and sent (RFC 3986, "unreserved"). */
export function encode(segment) {
  const escaped = (character) =>
    `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(segment).replace(/[!'()*]/g, escaped);
}

/** The headers of a request to S3, signed. `time` is in seconds since 1970. */
export function sign({ method, authority, path, headers, credentials, region, time }) {
  const date = new Date(time * 1000).toISOString().replace(/[-:]|\.\d+/g, "");
  const day = date.slice(0, 8);
  const signed = {
    ...headers,
    host: authority,
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    "x-amz-date": date,
    ...(credentials.sessionToken && { "x-amz-security-token": credentials.sessionToken }),
  };
  const names = Object.keys(signed).sort();
  const lines = names.map((name) => `${name}:${signed[name].trim()}\n`).join("");
  const canonical = [method, path, "", lines, names.join(";"), "UNSIGNED-PAYLOAD"].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const digest = bytesToHex(sha256(utf8.encode(canonical)));
  const toSign = ["AWS4-HMAC-SHA256", date, scope, digest].join("\n");
  const key = [day, region, "s3", "aws4_request"].reduce(
    keyed,
    utf8.encode(`AWS4${credentials.secretAccessKey}`),
  );
  const signature = bytesToHex(keyed(key, toSign));
  signed.authorization =
    `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, ` +
    `SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return signed;
}
