// Showing a code: white all over, nothing but what a gate and its staff need. A code
// is shown when somebody taps for it and goes when the page is out of sight, so that
// no neighbour reads it from a phone that lies about.

import { button, element } from "./element.js";
import { fromBase64 } from "./bytes.js";
import { now } from "./clock.js";
import { period, present } from "./code.js";
import { doorNumber } from "./number.js";
import { drawCode } from "./qr.js";
import { sleep, stayAwake } from "./awake.js";
import { t } from "./words.js";

const dialog = document.getElementById("code");
let ticking = 0, shown = null;

// showing is the ticket whose code is shown; null when none is.
export const showing = () => shown;

export function hideCode() {
  clearInterval(ticking);
  shown = null;
  sleep();
  if (dialog.open) dialog.close();
  dialog.replaceChildren();
}

// showCode shows a ticket's code: the phone's own, with its key, or the ticket's one
// for good.
export async function showCode(ticket, key) {
  hideCode();
  shown = ticket;
  const canvas = element("canvas", { aria: { label: t("wallet.code_label") } });
  canvas.setAttribute("role", "img");
  const left = element("span", { className: "left" });
  const bar = element("span", { className: "bar" });
  const live = Boolean(key);
  const box = element("div", { className: "canvas" }, canvas);
  const number = live ? doorNumber((typing) => box.classList.toggle("away", typing)) : null;
  dialog.replaceChildren(
    element("h2", { id: "code-event", textContent: ticket.event_name }),
    element("p", { className: "what", textContent: [ticket.product, ticket.seat && t("wallet.seat", { seat: ticket.seat })].filter(Boolean).join(" · ") }),
    box,
    ...(live ? [number.form] : []),
    live ? element("p", { className: "count", role: "timer" }, bar, left) : element("p", { className: "short" }, t(ticket.number ? "wallet.number" : "wallet.short"), " ", element("strong", { textContent: ticket.short })),
    element("p", { className: "hint", textContent: live ? t("wallet.bright_live") : t("wallet.bright") }),
    ...(live ? [number.line] : []),
    button(t("wallet.hide"), hideCode, { className: "button wide", autofocus: true }),
  );
  dialog.classList.toggle("live", live);
  dialog.showModal();
  stayAwake();
  if (!live) return still(canvas, ticket.code);
  await run({ ticket, key, canvas, bar, left, number });
}

// run draws a new code whenever one is due, and counts down to the next.
async function run({ ticket, key, canvas, bar, left, number }) {
  const signed = fromBase64(ticket.bound.ticket);
  let drawn = "";
  const tick = async () => {
    const seconds = now() / 1000;
    const turn = Math.floor(seconds / period);
    const rest = period - (seconds - turn * period);
    left.textContent = t("wallet.next", { n: Math.ceil(rest) });
    bar.style.setProperty("--rest", String(rest / period));
    const answer = number.answer(), due = `${turn} ${answer ?? ""} ${canvas.parentElement.clientWidth}`; // of a phone that is turned, too
    if (due === drawn) return;
    drawn = due;
    const began = performance.now();
    const code = await present(signed, key.private, turn * period, answer);
    if (shown !== ticket || due !== drawn) return;
    drawCode(canvas, code);
    Object.assign(canvas.dataset, { turn, number: answer ?? "" });
    performance.measure("code", { start: began });
  };
  ticking = setInterval(tick, 200); // which hideCode ends, also while the first code is made
  await tick();
}

// still draws a code that stays the same, and again where the phone is turned.
function still(canvas, code) {
  let drawn = 0;
  const tick = () => {
    const wide = canvas.parentElement.clientWidth;
    if (wide === drawn) return;
    drawn = wide;
    drawCode(canvas, code);
  };
  ticking = setInterval(tick, 200);
  tick();
}

dialog.addEventListener("close", () => { if (!dialog.open) hideCode(); }); // late: the next code may be in sight
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") hideCode(); });
addEventListener("pagehide", hideCode);
