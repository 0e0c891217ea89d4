// The phone's key. Its private half is made here and can't be taken out, not by this
// page either: the browser signs with it and does nothing else.

import { keepFirst, keepsMore, load } from "./store.js";
import { toBase64 } from "./bytes.js";

const make = () => crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);

// able says whether this browser can have such a key, and keep it.
export async function able() {
  try {
    return (await make()).privateKey.extractable === false && await keepsMore();
  } catch {
    return false;
  }
}

// phoneKey gives the key, or nothing where there is none yet.
export const phoneKey = () => load("key");

// madeKey gives the key, and makes it where there is none.
export async function madeKey() {
  const have = await phoneKey();
  if (have) return have;
  const pair = await make();
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  navigator.storage?.persist?.().catch(() => {}); // a browser may say no, and may clear up then
  return keepFirst("key", { private: pair.privateKey, public: toBase64(raw) });
}
