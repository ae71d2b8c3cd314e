// Uploads a file with the component as it is released:
//
//   npm run build -- uploader.wasm          once; `sealift component export uploader.wasm` makes the file
//   node src/main.js device.json FILE BUCKET KEY
//
// device.json names what AWS IoT gave the device (see README.md).
import { readFileSync } from "node:fs";

import { Gateway } from "./gateway.js";

const [config, file, bucket, key] = process.argv.slice(2);
if (!key) {
  console.error("usage: node src/main.js device.json FILE BUCKET KEY");
  process.exit(2);
}
const gateway = new Gateway(JSON.parse(readFileSync(config, "utf8")));
try {
  const { tag, val } = gateway.upload(file, bucket, key);
  console.log(`${tag}: s3://${bucket}/${key}, ETag ${val.etag}`);
} catch (error) {
  const { kind, message, cure } = error.payload ?? { kind: "internal", message: error.stack };
  console.error(`${kind}: ${message}${cure ? `; ${cure}` : ""}`);
  process.exitCode = 1;
} finally {
  gateway.close();
}
