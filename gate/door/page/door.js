// The door page: it reads codes by every way at once, asks the agent, and shows
// the verdict. It decides nothing itself.
import { send, listen, undecided } from "./agent.js";
import { setUpCamera } from "./camera.js";
import { onWedge } from "./wedge.js";
import { present, dismiss, showing, settled, goesByItself } from "./verdict.js";
import { showStatus } from "./status.js";
import { stayAwake } from "./awake.js";
import { t, language, languages, choose } from "./words.js";

const by = (id) => document.getElementById(id);
const lane = sessionStorage.lane ||= "lane-" + crypto.getRandomValues(new Uint16Array(1))[0].toString(36);
let direction = "in";
let lastAdmission = null;

// One code at a time: whatever reads the next one waits for its turn, and for a
// verdict in sight that calls for a person.
let turn = Promise.resolve();
const inTurn = (judge) => turn = turn.then(settled).then(judge).catch((e) => present(undecided(String(e))));

// asked is what goes with a code that is seen now.
const asked = () => ({ lane, direction: direction === "out" ? "out" : "in", look: direction === "verify" });

// scan judges a text that was read or typed.
function scan(text, how) {
  if (goesByItself()) dismiss();
  const body = { text, how, ...asked() };
  return inTurn(async () => {
    const seen = performance.now();
    took(await send("/api/scan", body), seen);
  });
}

function picture(file) {
  const path = "/api/picture?" + new URLSearchParams(asked());
  return inTurn(async () => {
    const seen = performance.now();
    took(await send(path, file), seen);
  });
}

// sighted judges what the camera saw, and gives the verdict when it is there. seen
// is when its frame was taken, read when the code in it was read.
function sighted(text, seen, read) {
  if (goesByItself()) dismiss();
  const body = { text, how: "camera", ...asked() };
  return inTurn(async () => {
    const began = performance.now();
    const answer = await send("/api/scan", body);
    note("camera-read", seen, read);
    note("camera-judged", began, performance.now());
    took(answer, began - (read - seen));
    return answer;
  });
}

// note keeps how long a part took the last time, for who measures.
function note(name, start, end) {
  performance.clearMeasures(name);
  performance.measure(name, { start, end });
}

function took(answer, seen) {
  if (answer.result === "ignored" || answer.result === "none") return;
  present(answer);
  if (answer.result === "accept" && answer.record && answer.reason !== "exit") admitted(answer.record);
  if (!answer.seq) return;
  count(1);
  // The agent learns that a person saw it once it is painted, not before.
  requestAnimationFrame(() => setTimeout(() => {
    const painted = performance.now();
    note("seen-painted", seen, painted);
    send("/api/shown", { seq: answer.seq, painted_ms: Math.round(painted - seen) });
  }));
}

// count is of what this lane recorded, over a reload too.
function count(more) {
  by("count").textContent = sessionStorage.scans = Number(sessionStorage.scans || 0) + more;
}

function face(way) {
  direction = way;
  document.body.dataset.direction = way;
  for (const b of document.querySelectorAll("[data-way]")) b.setAttribute("aria-pressed", String(b.dataset.way === way));
}

function admitted(record) {
  lastAdmission = record;
  by("undo").disabled = !record;
}

async function undo() {
  if (!lastAdmission) return;
  const record = lastAdmission;
  const answer = await send("/api/undo", { record });
  present(answer);
  if (answer.result === "undone" && lastAdmission === record) admitted(null);
}

const undoQuestion = {
  result: "ask", reason: "undo",
  get display() { return { tone: "amber", shape: "triangle", word: t("word.undo"), why: t("page.undo_again"), do: t("page.undo_leave") }; },
};

function night(on) {
  document.body.dataset.theme = on ? "night" : "bright";
  by("night").setAttribute("aria-pressed", String(on));
  localStorage.theme = document.body.dataset.theme;
}

const shortcuts = {
  i: () => face("in"), o: () => face("out"), v: () => face("verify"), u: undo, t: () => camera.torch(), "?": () => by("keys").showModal(),
};

// pressed takes a key that stands alone. A capital U may be the start of a code
// whose rest is late, so by it nothing is taken back before it comes again.
function pressed(key) {
  if (by("keys").open) return;
  const again = showing() === undoQuestion;
  dismiss();
  if (key !== "U") shortcuts[key.length === 1 ? key.toLowerCase() : key]?.();
  else if (again) undo();
  else if (lastAdmission) present(undoQuestion);
}

for (const b of document.querySelectorAll("[data-way]")) b.addEventListener("click", () => face(b.dataset.way));
by("typed").addEventListener("submit", (e) => {
  e.preventDefault();
  const text = by("code").value;
  by("code").value = "";
  if (text) scan(text, "typed");
});
by("picture").addEventListener("change", (e) => { if (e.target.files[0]) picture(e.target.files[0]); e.target.value = ""; });
by("undo").addEventListener("click", undo);
by("night").addEventListener("click", () => night(document.body.dataset.theme !== "night"));
by("help").addEventListener("click", () => by("keys").showModal());
addEventListener("pointerup", dismiss, { capture: true }); // anywhere, on a control too
night(localStorage.theme === "night");
by("language").replaceChildren(...languages().map(([code, name]) => new Option(name, code, false, code === language())));
by("language").addEventListener("change", (e) => choose(e.target.value));
count(0);
onWedge({ code: (text) => { by("keys").close(); scan(text, "wedge"); }, key: pressed });
const camera = setUpCamera({
  purpose: () => direction, judge: sighted,
  trouble: (t) => present({ result: "fault", reason: "camera", display: { tone: "hatch", shape: "hatch", ...t } }),
});
listen("/api/live", showStatus);
stayAwake();
navigator.serviceWorker?.register("/sw.js");
