// The door page: it reads codes by every way at once, asks the agent, and shows
// the verdict. It decides nothing itself.
import { send, listen } from "./agent.js";
import { startCamera } from "./camera.js";
import { onWedge } from "./wedge.js";
import { present, dismiss, showing } from "./verdict.js";
import { showStatus } from "./status.js";

const by = (id) => document.getElementById(id);
const lane = sessionStorage.lane ||= "lane-" + crypto.getRandomValues(new Uint16Array(1))[0].toString(36);
let direction = "in";
let scans = 0;
let lastAdmission = null;
let camera = null;

// One code at a time: a second reader waits for the first one's verdict.
let turn = Promise.resolve();
function scan(body, how) {
  turn = turn.then(async () => {
    const seen = performance.now();
    const answer = await send("/api/scan", { ...body, how, lane, direction: direction === "verify" ? "in" : direction, look: direction === "verify" });
    took(answer, seen);
  });
  return turn;
}

function took(answer, seen) {
  if (answer.result === "ignored" || answer.result === "none") return;
  present(answer);
  by("count").textContent = ++scans;
  if (answer.result === "accept" && answer.record && (answer.reason === "entry" || answer.reason === "reentry")) {
    lastAdmission = answer.record;
    by("undo").disabled = false;
  }
  // The agent learns that a person saw it once it is painted, not before.
  if (answer.seq) requestAnimationFrame(() => setTimeout(() => send("/api/shown", { seq: answer.seq, painted_ms: Math.round(performance.now() - seen) })));
}

async function picture(file) {
  const answer = await send(`/api/picture?lane=${lane}&direction=${direction === "out" ? "out" : "in"}&look=${direction === "verify"}`, file);
  took(answer, performance.now());
}

function face(way) {
  direction = way;
  document.body.dataset.direction = way;
  for (const b of document.querySelectorAll("[data-way]")) b.setAttribute("aria-pressed", String(b.dataset.way === way));
}

async function undo() {
  if (!lastAdmission) return;
  const answer = await send("/api/undo", { record: lastAdmission });
  present(answer);
  if (answer.result === "undone") {
    lastAdmission = null;
    by("undo").disabled = true;
  }
}

async function toggleCamera() {
  if (camera) {
    camera.stop();
    camera = null;
    by("camera").hidden = true;
    by("start").textContent = "Start camera";
    return;
  }
  try {
    camera = await startCamera({ lane, way: () => direction, found: took });
    by("camera").hidden = false;
    by("start").textContent = "Stop camera";
  } catch (e) {
    present({ result: "fault", display: { tone: "hatch", shape: "hatch", word: "NO CAMERA", why: String(e.message || e), do: "Scan with a reader, choose a picture, or type the code." } });
  }
}

function night(on) {
  document.body.dataset.theme = on ? "night" : "bright";
  by("night").setAttribute("aria-pressed", String(on));
  localStorage.theme = document.body.dataset.theme;
}

const shortcuts = {
  i: () => face("in"), o: () => face("out"), v: () => face("verify"), u: undo,
  t: () => camera?.torch(), " ": dismiss, Escape: dismiss, "?": () => by("keys").showModal(),
};

for (const b of document.querySelectorAll("[data-way]")) b.addEventListener("click", () => face(b.dataset.way));
by("typed").addEventListener("submit", (e) => {
  e.preventDefault();
  const text = by("code").value;
  by("code").value = "";
  if (text) scan({ text }, "typed");
});
by("picture").addEventListener("change", (e) => { if (e.target.files[0]) picture(e.target.files[0]); e.target.value = ""; });
by("start").addEventListener("click", toggleCamera);
by("undo").addEventListener("click", undo);
by("night").addEventListener("click", () => night(document.body.dataset.theme !== "night"));
by("help").addEventListener("click", () => by("keys").showModal());
by("verdict").addEventListener("click", dismiss);
night(localStorage.theme === "night");
onWedge({ code: (text) => scan({ text }, "wedge"), key: (k) => shortcuts[k.length === 1 ? k.toLowerCase() : k]?.(), busy: () => by("keys").open });
listen("/api/live", showStatus);
navigator.serviceWorker?.register("/sw.js");
export { showing };
