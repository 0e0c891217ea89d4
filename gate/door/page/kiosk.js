// A kiosk: a device that nobody stands at. A visitor sees whether they may pass, and
// nothing of anybody: no name, no history, no settings.
import { onMe } from "./staff.js";
import { onStatus } from "./status.js";
import { has, t } from "./words.js";

const standsFor = 8000; // ms; nobody is there to take a refusal away

// isKiosk reports whether this device is one. It is remembered, so that a reload
// shows nothing else before the agent has said so.
export const isKiosk = () => localStorage.kiosk === "yes";

// forVisitors gives what a kiosk shows of a verdict, and for how long.
export function forVisitors(display, result) {
  const { tone, shape, word } = display;
  const passes = has("kiosk." + shape) && ["accept", "accept_repeat"].includes(result);
  return { display: { tone, shape, word, why: t(passes ? "kiosk." + shape : "kiosk.ask_staff"), do: "", more: [] }, standsFor };
}

function be(role) {
  if (!role) return;
  localStorage.kiosk = role === "kiosk" ? "yes" : "no";
  document.body.dataset.kiosk = localStorage.kiosk;
}

// setUpKiosk makes the page a kiosk's where the device is one.
export function setUpKiosk() {
  document.body.dataset.kiosk = isKiosk() ? "yes" : "no";
  onMe((me) => be(me.device));
  onStatus((status) => be(status?.role));
}
