// `keystore`: public facts about the device. The private key is in the thread that makes the handshakes.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

const CURVES = { prime256v1: "ecdsa-p256", secp384r1: "ecdsa-p384", secp521r1: "ecdsa-p521" };

export function keystore({ certificate, thingName }) {
  return {
    identity: () => {
      const leaf = new X509Certificate(readFileSync(certificate));
      const { asymmetricKeyType, asymmetricKeyDetails } = leaf.publicKey;
      const algorithm = asymmetricKeyType === "rsa" ? "rsa" : CURVES[asymmetricKeyDetails.namedCurve];
      return { thingName, algorithm, certificateChain: [new Uint8Array(leaf.raw)] };
    },
    sign: () => {
      throw { kind: "denied", message: "this host signs for nobody" };
    },
  };
}
