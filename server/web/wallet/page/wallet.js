// The wallet: which page is to be seen, and what is behind it. Everything is drawn
// from what the browser keeps; the server is asked when it can be.

import { able, phoneKey } from "./key.js";
import { button, element } from "./element.js";
import { askGive } from "./give.js";
import { bind, end, offer, renew, Refused, takeBack, tickets as ask } from "./agent.js";
import { forget, keep, load } from "./store.js";
import { hideCode, showCode, showing } from "./show.js";
import { known, wind, wrong } from "./clock.js";
import { list } from "./list.js";
import { refusal } from "./refusal.js";
import { sure } from "./sure.js";
import { t } from "./words.js";
import { ticketPage } from "./ticket.js";

const app = document.getElementById("app"), sign = document.getElementById("sign"), said = document.getElementById("said");
const every = 60_000; // ms between two looks at the server; each code that is shown is one more

const state = { kept: null, key: null, able: false, open: null, offline: false, out: false, problem: "", told: "", signing: document.querySelector("#sign [aria-invalid]") !== null };
const name = (ticket) => ticket.event + "/" + ticket.id;
const opened = () => state.kept?.tickets.find((k) => name(k) === state.open) ?? null;

let drawn = "";
let asked = 0; // the newest look at the server; what comes of an older one is late

// draw draws the page, unless it looks like that already: what somebody opened or is
// about to press stays under their finger.
function draw() {
  const { key, ...looks } = state;
  const now = JSON.stringify([looks, key?.public, wrong()]);
  if (now === drawn) return;
  drawn = now;
  const inside = state.kept !== null && !state.signing;
  app.hidden = !inside;
  sign.hidden = inside;
  if (!inside) return;
  const ticket = opened();
  app.className = ticket ? "ticket" : "list";
  redraw([notices(), ticket
    ? ticketPage({ ticket, key: state.key, able: state.able, problem: state.problem, told: state.told, acts: acts(ticket) })
    : list({ ...state.kept, key: state.key, problem: state.problem, open, signOut, signIn })].flat().filter(Boolean));
}

// redraw puts parts in the place of those before, and leaves open what is, and the focus
// where it was: on what says the same, or else at the top.
function redraw(parts) {
  const had = app.contains(document.activeElement) ? document.activeElement : null;
  const alike = () => [...app.querySelectorAll(had.localName)].filter((e) => e.textContent === had.textContent);
  const at = had && alike().indexOf(had);
  const unfolded = [...app.querySelectorAll("details[open] > summary")].map((s) => s.textContent);
  app.replaceChildren(...parts);
  for (const s of app.querySelectorAll("details > summary")) s.parentElement.open = unfolded.includes(s.textContent);
  if (had) (alike()[at] ?? app.querySelector("h1")).focus({ preventScroll: true });
}

function notices() {
  const minutes = wrong();
  return [
    state.offline ? element("p", { className: "quiet", textContent: t("wallet.offline") }) : null,
    state.out ? element("p", { className: "note" }, t("wallet.signed_out"), " ", button(t("wallet.sign_again"), signIn, { className: "plainlink" })) : null,
    minutes ? element("p", { className: "note", role: "status", textContent: t(minutes > 0 ? "wallet.clock_slow" : "wallet.clock_fast", { n: Math.abs(minutes) }) }) : null,
  ];
}

const acts = (ticket) => ({
  back: () => history.back(),
  show: () => {
    const live = ticket.bound ? state.key : null;
    if (live && !known()) return trouble(t("wallet.clock_unknown"));
    look();
    return showCode(ticket, live);
  },
  bind: () => move(ticket, false),
  takeOver: () => move(ticket, true),
  renew: () => change("wallet.refused_renew.", t("wallet.renew_title"), t("wallet.renew_sure"), t("wallet.renew_yes"), () => renew(ticket), t("wallet.renewed")),
  give: () => give(ticket),
  takeBack: () => back(ticket),
});

function trouble(text) {
  state.problem = text;
  draw();
}

// move has this phone show a ticket.
const move = (ticket, takeOver) => change(
  "wallet.refused_move.", ...(takeOver ? [t("wallet.take_title"), t("wallet.take_sure"), t("wallet.take_yes")] : [t("wallet.make_title"), t("wallet.make_sure"), t("wallet.make_yes")]),
  () => bind(ticket, takeOver), t("wallet.made"));

// change asks whether it is meant, has the server give a ticket another code, and says so,
// or why not.
async function change(refused, title, text, yes, act, done) {
  if (!await sure(title, text, yes)) return;
  state.problem = "";
  try {
    const now = await act();
    asked++;
    state.key = await phoneKey();
    await take({ ...state.kept, tickets: state.kept.tickets.map((k) => name(k) === name(now) ? now : k) });
    said.textContent = done;
  } catch (e) {
    if (e instanceof Refused) await look();
    trouble(refusal(e, refused));
  }
}

// give offers the ticket, and others of the event that go along, to somebody.
async function give(ticket) {
  const others = state.kept.tickets.filter((k) => k !== ticket && k.event === ticket.event && k.give?.can);
  const sent = await askGive(ticket, others, async (asked) => {
    try {
      return await offer({ event: ticket.event, ...asked });
    } catch (e) {
      throw new Error(refusal(e, "wallet.refused_give."));
    }
  });
  if (!sent) return;
  state.problem = "";
  state.told = said.textContent = t("wallet.give_sent", { email: sent.mailed });
  await look();
}

// back takes an offer back.
async function back(ticket) {
  state.told = state.problem = "";
  try {
    await takeBack(ticket.give.offer.id);
    state.told = said.textContent = t("wallet.took_back");
  } catch (e) {
    trouble(refusal(e, "wallet.refused_back."));
  }
  await look();
}

// take keeps tickets as they are now. One that this phone showed and doesn't any more
// is marked, so that its page can say so.
async function take(now) {
  const mine = (k) => k.bound && k.bound.phone === state.key?.public;
  const before = new Map((state.kept?.tickets ?? []).map((k) => [name(k), k]));
  for (const k of now.tickets) {
    const old = before.get(name(k));
    k.was_here = Boolean(k.bound) && !mine(k) && Boolean(old && (mine(old) || old.was_here));
  }
  state.kept = { tickets: now.tickets, given: now.given ?? state.kept?.given, email: now.email };
  await keep("tickets", state.kept);
  const shown = showing();
  const as = shown && state.kept.tickets.find((k) => name(k) === name(shown));
  if (shown && (!as || as.generation !== shown.generation || as.state !== "valid")) hideCode();
  draw();
}

// look asks the server how the tickets stand. Without one all stays as it is, and so in
// a browser that let its cookie go; a session that was ended takes them off the phone.
// What it says that something else has overtaken meanwhile is nothing.
async function look() {
  const mine = ++asked;
  try {
    const now = await ask();
    const key = await phoneKey(); // another tab may have made it
    if (mine !== asked) return;
    state.key = key ?? null;
    state.offline = state.out = false;
    await take(now);
  } catch (e) {
    if (mine !== asked) return;
    const refused = e instanceof Refused && e.status === 401;
    const kept = refused && e.where === "cookie" && await load("tickets"); // or another tab took them off
    if (mine !== asked) return;
    if (refused && !kept) return clear();
    state.out = refused;
    state.offline = !refused;
  }
  draw();
}

async function clear() {
  asked++;
  hideCode();
  await forget("tickets");
  state.kept = null;
  state.open = null;
  state.offline = state.out = false;
  draw();
}

async function signOut() {
  state.problem = "";
  if (!await sure(t("wallet.out_title"), t("wallet.out_sure"), t("wallet.out_yes"))) return;
  try {
    await end("");
  } catch (e) {
    if (e.status !== 401) return trouble(refusal(e)); // else the session is over already
  }
  await clear();
  await forget("key");
  state.key = null;
}

function signIn() {
  history.pushState({ open: state.open }, ""); // back leads to the tickets
  state.signing = true;
  draw();
  document.getElementById("email").focus();
}

function open(ticket) {
  history.pushState({ open: name(ticket) }, "");
  go(name(ticket));
}

function go(to) {
  hideCode();
  state.open = to;
  state.problem = "";
  state.told = "";
  draw();
  scrollTo(0, 0);
  app.querySelector("h1")?.focus?.();
}

addEventListener("popstate", (e) => { state.signing = false; go(e.state?.open ?? null); });
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") look(); });
addEventListener("online", look);

await wind();
state.key = await phoneKey() ?? null;
state.able = await able();
state.kept = await load("tickets") ?? null;
state.open = history.state?.open ?? null;
draw();
// This visit may be the last one with a network: what couldn't be kept is tried again.
const keepPage = () => navigator.serviceWorker?.register("/wallet/sw.js", { scope: "/wallet" }).catch(() => {});
keepPage();
setInterval(() => navigator.serviceWorker?.controller || keepPage(), 10_000);
await look();
document.body.dataset.ready = "yes"; // for whoever waits for it
setInterval(() => { if (document.visibilityState === "visible") look(); }, every);
