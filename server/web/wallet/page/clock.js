// What time it is. Codes go by the server's clock, as it was when the page saw it
// last: phones are often wrong, and a gate takes a code for a minute only.

import { keep, load } from "./store.js";

let ahead = 0; // the server's clock before the phone's, ms
let seen = 0; // when that was found out, by the server; 0: never
let last = Date.now(), beat = performance.now();

// far is from when on a phone's clock is called wrong, ms.
const far = 30_000;

export async function wind() {
  const kept = await load("clock");
  if (kept) ({ ahead, seen } = kept);
}

// set takes in what the server's clock said in an answer that took so long, ms. What was
// made of steps of the phone's before is over with it.
export function set(server, took) {
  last = Date.now();
  beat = performance.now();
  ahead = Math.round(server + took / 2 - last);
  seen = server;
  return keep("clock", { ahead, seen });
}

// now is the time, Unix ms. A phone's clock that is set back while the page is open
// doesn't take it along.
export function now() {
  const date = Date.now(), tick = performance.now();
  const gone = date - last, really = tick - beat;
  if (gone < -1000 && really >= 0) ahead += really - gone;
  last = date;
  beat = tick;
  return date + ahead;
}

// wrong gives by how many minutes the phone's clock is behind, or before it if
// negative; 0 while that is nothing to speak of.
export const wrong = () => Math.abs(ahead) < far ? 0 : Math.sign(ahead) * Math.max(1, Math.round(Math.abs(ahead) / 60_000));

// known says whether the server's clock was ever seen.
export const known = () => seen > 0;
