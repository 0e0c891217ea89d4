// Showing a verdict: colour, shape, word, sound and vibration, each enough alone.
import { forVisitors, isKiosk } from "./kiosk.js";
import { onLadder, takesTyped } from "./ladder.js";
import { settings } from "./settings.js";
import { signal } from "./signal.js";
import { t } from "./words.js";

const by = (id) => document.getElementById(id);
const standFor = 2000; // ms; the next code waits so long for what calls for a person
const watchers = [];
let timer = 0;
let current = null;
let hold = Promise.resolve(), release = () => {};

// onVerdict tells of each verdict that comes in sight, and null when it goes.
export const onVerdict = (tell) => watchers.push(tell);

// showing is the verdict in sight, null while there is none.
export const showing = () => current;

// passes: the verdict in sight lets somebody in or out, or would.
export const passes = () => ["green", "blue"].includes(current?.display.tone);

// isNotice: what is in sight is no verdict on anybody.
const isNotice = () => current?.display.tone === "plain";

// goesByItself: somebody passes, or nobody is waiting, so nobody has to do anything.
const goesByItself = () => isNotice() || passes() && (!current.look || current.training);

// settled waits until the next code may be judged: at once after a green, else
// until the verdict in sight was dismissed or could be read.
export async function settled() {
  for (let seen; seen !== hold;) await (seen = hold);
}

// standUntil keeps the next code waiting until done, whatever is in sight.
export function standUntil(done) { hold = done; }

export function present(verdict) {
  clear();
  const visitors = isKiosk() ? forVisitors(verdict.display, verdict.result) : null;
  const answer = current = { ...verdict, ...visitors };
  paint(answer);
  signal(answer.display.shape);
  if (goesByItself()) timer = setTimeout(dismiss, settings.green * 1000);
  else if (!passes()) hold = new Promise((done) => { release = done; setTimeout(done, standFor); });
  if (visitors && !passes()) timer = setTimeout(dismiss, visitors.standsFor);
  for (const tell of watchers) tell(answer);
}

function paint(answer) {
  const { tone, shape, word, why = "", do: what = "" } = answer.display;
  // Questions stand in the form below, if they can be answered there.
  const more = (answer.display.more || []).slice(answer.scan && (!answer.look || answer.training) && !answer.challenge && !isKiosk() ? answer.details?.questions?.length : 0);
  const box = by("verdict");
  box.className = `verdict tone-${tone}` + (answer.look ? " look" : "");
  box.dataset.result = answer.result;
  box.dataset.reason = answer.reason || "";
  write(shape, word, why, what, more);
  by("announced").textContent = [word, why, what, ...more].filter(Boolean).map(sentence).join(" ");
}

// sentence ends a text where a voice has to pause.
const sentence = (text) => /[.!?…]$/.test(text) ? text : text + ".";

function write(shape, word, why, what, more) {
  by("shape").firstElementChild.setAttribute("href", "#shape-" + shape);
  by("word").textContent = word;
  by("why").textContent = why;
  by("what").textContent = what;
  by("more").textContent = more.join("\n");
}

function clear() {
  clearTimeout(timer);
  release();
  current = null;
}

const ready = () => write("ready", t("word.ready"), t(takesTyped() ? "page.ready" : "page.ready_code"), "", []);
const anew = () => { if (!current) ready(); };

ready();
addEventListener("words", anew);
onLadder(anew);

export function dismiss() {
  if (!current) return;
  clear();
  const box = by("verdict");
  box.className = "verdict idle";
  delete box.dataset.result;
  delete box.dataset.reason;
  by("announced").textContent = "";
  ready();
  for (const tell of watchers) tell(null);
}
