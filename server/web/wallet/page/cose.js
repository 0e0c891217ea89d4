// Signing as COSE_Sign1 does (RFC 9052 §4.4): over the Sig_structure of the payload,
// under a text that keeps one use of a key apart from another. The constant parts stay
// off the wire.

import { cbor } from "./cbor.js";

const edDSA = Uint8Array.of(0xa1, 0x01, 0x27); // {1: -8}
const bytes = (text) => new TextEncoder().encode(text);

export async function sign(privateKey, use, payload) {
  const structure = cbor(["Signature1", edDSA, bytes(use), payload]);
  return new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, structure));
}
