// The ticket that was refused last, kept for a short while: a supervisor who signs in
// to let it in against the refusal goes on with it, and nobody looks for the ticket
// again. The agent decides anew whatever comes of it.
import { may } from "./staff.js";
import { onVerdict, present } from "./verdict.js";

const fresh = 120_000; // ms after the refusal; whoever comes later has another ticket in mind
const final = new Set(["malformed", "unsupported_version", "unknown_ticket", "bad_signature", "unknown_key", "wrong_event", "override_denied"]); // nobody overrides those

let refused = null; // the verdict, and when it was given

// onlyLooked tells a verdict that nobody can do anything about. What answered a number
// was looked at too, and the same scan again is none.
export const onlyLooked = (verdict) => Boolean(verdict.look) && !verdict.training && !(verdict.challenge && !verdict.scan?.look);

// refusedBefore tells a refusal that somebody may override.
export const refusedBefore = (verdict) => verdict?.result === "reject" && Boolean(verdict.scan) && !onlyLooked(verdict) && !final.has(verdict.reason);

function keep(verdict) {
  if (!verdict || verdict.resumed || verdict.result === "signed_in") return; // it was put away, or is no other ticket
  refused = refusedBefore(verdict) ? { verdict, at: performance.now() } : null;
}

// resume asks whether the ticket that was refused last is to be let in, if somebody may
// do that by now and it was a moment ago. It reports whether it asks.
export function resume() {
  const { verdict, at } = refused || {};
  if (!verdict || !may("override") || performance.now() - at > fresh) return false;
  refused = null; // once
  present({ ...verdict, resumed: true, display: { ...verdict.display, do: "", more: [] } });
  return true;
}

// setUpResume makes it work.
export function setUpResume() {
  onVerdict(keep);
}
