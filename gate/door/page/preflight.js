// The checks before doors open: the agent makes its own, the page adds what only it
// can tell. Codes that are scanned while the panel is open are test tickets, and
// nobody is let in by them.
import { call, Refused } from "./agent.js";
import { named } from "./camera.js";
import { button, element } from "./element.js";
import { divert } from "./judge.js";
import { openPanel } from "./panel.js";
import { audible, sample } from "./signal.js";
import { t } from "./words.js";

const by = (id) => document.getElementById(id);
const low = 0.2; // of a battery
let asked = 0, shown = 0; // questions, and the newest whose answer is in sight
const marks = { pass: "✓", fail: "✗", open: "?" };

function open() {
  openPanel("preflight");
  all();
}

const all = async () => check([await camera(), await battery(), ...sensed()]);

// check has the agent make its checks, with the page's and a test ticket.
async function check(page = [], tickets = []) {
  const mine = ++asked;
  const say = (put, what) => {
    if (mine < shown) return;
    shown = mine;
    put(what);
  };
  try {
    say(show, await call("/api/preflight", { tickets, page: page.filter(Boolean) }));
  } catch (e) {
    say(complain, e instanceof Refused ? e.exact : t("page.no_agent"));
  }
}

const complain = (why) => { by("preflight-says").textContent = why; };

function show({ passed, failed, open, checks }) {
  by("preflight-says").textContent = passed ? t("preflight.passed") : t("preflight.not_passed", { failed, open });
  by("checks").replaceChildren(...checks.map((c) => element("li", { className: "check " + c.outcome },
    element("span", { className: "mark", ariaLabel: t("preflight.outcome." + c.outcome), role: "img" }, marks[c.outcome]),
    element("span", {}, element("strong", {}, t("preflight.check." + c.check)), " ", c.detail || ""),
    c.outcome === "pass" || !c.do ? null : element("span", { className: "do" }, c.do),
    ...asks(c),
  )));
}

// asks gives the buttons for a check that a person has to make.
function asks({ check: name }) {
  const tell = (outcome) => () => check([{ check: name, outcome, detail: t("preflight.told") }]);
  const answers = (ask, act) => [element("span", { className: "buttons" }, button(ask, act), button(t("ask.yes"), tell("pass")), button(t("ask.no"), tell("fail")))];
  if (name === "sound") return answers(t("preflight.heard"), () => sample());
  if (name === "vibration") return answers(t("preflight.felt"), () => navigator.vibrate?.([200, 100, 200]));
  return [];
}

async function camera() {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: true });
    const { width, height } = stream.getVideoTracks()[0].getSettings();
    for (const track of stream.getTracks()) track.stop();
    return { check: "camera", outcome: "pass", detail: `${width} × ${height}` };
  } catch (e) {
    return { check: "camera", outcome: "fail", detail: named(e).why };
  }
}

async function battery() {
  const b = await navigator.getBattery?.();
  if (!b) return null; // this browser doesn't say
  const detail = `${Math.round(b.level * 100)} %`;
  return { check: "battery", outcome: b.level >= low || b.charging ? "pass" : "fail", detail };
}

// sensed is what fails without anybody's help; whether something was heard or felt
// a person has to say.
function sensed() {
  const failed = [];
  if (!audible()) failed.push({ check: "sound", outcome: "fail", detail: t("preflight.silent") });
  if (!navigator.vibrate) failed.push({ check: "vibration", outcome: "fail", detail: t("preflight.still") });
  return failed;
}

// setUpPreflight makes the panel work.
export function setUpPreflight() {
  by("open-preflight").addEventListener("click", open);
  by("again-preflight").addEventListener("click", all);
  divert(by("preflight"), (text) => { check([], [text]); });
}
