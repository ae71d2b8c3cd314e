// The thread that has the device's key: it makes the handshakes and moves the bytes.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { Agent, request as begin } from "node:https";
import { createSecureContext } from "node:tls";
import { workerData } from "node:worker_threads";

const { device, port, news } = workerData;

/** Answers are small; a longer one is cut off. In bytes. */
const LONGEST = 16 << 20;

/** Without a sign of life for so long, a request has failed. In milliseconds. */
const SILENCE = 60_000;

const PIECE = 64 * 1024;

const open_requests = new Map();

function tell(message) {
  port.postMessage(message);
  Atomics.add(news, 0, 1);
  Atomics.notify(news, 0);
}

// Whoever waits for this thread would wait for ever.
process.on("uncaughtException", (error) => tell({ dead: error.message }));

const agents = prepared();

port.on("message", (message) => {
  if (message.cancelled) {
    open_requests.get(message.id)?.destroy();
  } else if (message.bytes) {
    open_requests.get(message.id)?.end(message.bytes);
  } else if (agents) {
    depart(message).catch((error) => tell({ id: message.id, error: code(error) }));
  }
});

/** Connections with the device's certificate are kept apart from all others. */
function prepared() {
  try {
    const ca = device.ca && readFileSync(device.ca);
    const identity = { cert: readFileSync(device.certificate), key: readFileSync(device.key) };
    createSecureContext(identity);
    return { withIdentity: new Agent({ ca, ...identity, keepAlive: true }), ordinary: new Agent({ ca, keepAlive: true }) };
  } catch (error) {
    tell({ dead: `the device's certificate, its key or the authority cannot be used: ${error.message}` });
    return undefined;
  }
}

async function depart({ id, method, authority, path, headers, identity, file, isWritten }) {
  const { hostname, port } = new URL(`https://${authority}`);
  const host = hostname.replace(/^\[|\]$/g, "");
  const agent = identity ? agents.withIdentity : agents.ordinary;
  const request = begin({ host, port, method, path, agent, timeout: SILENCE });
  for (const [name, value] of headers) request.appendHeader(name, value);
  request.on("response", (response) => arrive(id, response));
  request.on("timeout", () => request.destroy(Object.assign(new Error("silence"), { code: "ETIMEDOUT" })));
  request.on("error", (error) => tell({ id, error: code(error) }));
  open_requests.set(id, request);
  request.on("close", () => open_requests.delete(id));
  if (file) await carry(id, request, file);
  else if (!isWritten) request.end();
}

function arrive(id, response) {
  const { statusCode: status, rawHeaders: raw } = response;
  const headers = [];
  for (let at = 0; at < raw.length; at += 2) {
    headers.push([raw[at].toLowerCase(), new Uint8Array(Buffer.from(raw[at + 1], "latin1"))]);
  }
  tell({ id, head: { status, headers } });
  let length = 0;
  response.on("data", (piece) => {
    length += piece.length;
    if (length > LONGEST) response.destroy(new Error("too long"));
    else tell({ id, piece: new Uint8Array(piece) });
  });
  response.on("end", () => tell({ id, ended: true }));
  response.on("error", (error) => tell({ id, error: code(error) }));
}

/** Sends a range of a file, in `aws-chunked` framing with its checksum behind it if that is asked for. */
async function carry(id, request, { path, version, offset, length, chunked, algorithm }) {
  const hash = algorithm && createHash(algorithm);
  const trailer = () => `x-amz-checksum-${algorithm}:${hash.copy().digest("base64")}\r\n`;
  const heads = (size) => (chunked ? `${size.toString(16)}\r\n`.length + 2 : 0);
  const last = length % PIECE;
  const framing =
    Math.floor(length / PIECE) * heads(PIECE) +
    (last > 0 ? heads(last) : 0) +
    (chunked ? 3 + trailer().length + 2 : 0);
  request.setHeader("content-length", length + framing);
  const source = await open(path);
  try {
    for (let done = 0; done < length; ) {
      const piece = await read(source, offset + done, Math.min(PIECE, length - done));
      done += piece.length;
      hash?.update(piece);
      // What has changed since the job began must not become an object: its end is held back.
      if (done === length && (await versionOf(source)) !== version) throw new Error(`${path} has changed`);
      const head = Buffer.from(`${piece.length.toString(16)}\r\n`);
      const framed = chunked ? Buffer.concat([head, piece, Buffer.from("\r\n")]) : piece;
      if (!request.write(framed)) await drained(request);
      tell({ id, sent: piece.length });
    }
  } catch (error) {
    request.destroy(error);
    throw error;
  } finally {
    await source.close();
  }
  request.end(chunked ? `0\r\n${trailer()}\r\n` : undefined);
  if (hash) tell({ id, digest: new Uint8Array(hash.digest()) });
}

/** Waits until a request takes more, or never will. */
function drained(request) {
  return new Promise((resolve) => {
    const done = () => resolve(request.off("drain", done).off("close", done));
    request.on("drain", done).on("close", done);
  });
}

async function read(source, position, length) {
  const piece = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await source.read(piece, done, length - done, position + done);
    if (bytesRead === 0) throw new Error("the file has become shorter");
    done += bytesRead;
  }
  return piece;
}

async function versionOf(source) {
  const { dev, ino, size, mtimeNs, ctimeNs } = await source.stat({ bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join("-");
}

/** What `wasi:http` calls it. */
function code(error) {
  switch (error.code) {
    case "ENOTFOUND":
      return { tag: "DNS-error", val: {} };
    case "ECONNREFUSED":
      return { tag: "connection-refused" };
    case "ETIMEDOUT":
      return { tag: "connection-timeout" };
    default:
      return /^ERR_(TLS|SSL)|CERT|VERIFY|SELF_SIGNED/.test(error.code ?? "")
        ? { tag: "TLS-certificate-error" }
        : { tag: "connection-terminated" };
  }
}
