// Codes of a ticket that this phone shows. A presentation is the signed ticket, the
// time and the phone's signature over both (docs/formats.md); a gate takes it for some
// seconds.

import { base45 } from "./base45.js";
import { cbor } from "./cbor.js";
import { sign } from "./cose.js";

// period is how long one code is shown, in seconds.
export const period = 15;

// present makes the code of a moment, in Unix seconds, which may answer the number
// that a door asked for.
export async function present(ticket, privateKey, seconds, number = null) {
  const said = number === null ? [ticket, seconds] : [ticket, seconds, number];
  const proof = await sign(privateKey, "usher-proof-v1", cbor(said));
  return "UP1:" + base45(cbor([...said, proof]));
}

// claim signs that this phone is to have a ticket as it stands.
export function claim(privateKey, challenge, event, id, generation) {
  return sign(privateKey, "usher-bind-v1", cbor([challenge, event, id, generation]));
}
