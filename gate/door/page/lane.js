// This lane: its name, which way it faces, and how much it has recorded. All of it
// stays over a reload; another tab is another lane.
import { t } from "./words.js";

const by = (id) => document.getElementById(id);
const ways = ["in", "out", "verify"];
const longest = 32; // bytes; as the agent takes a lane's name

const watchers = [];
let way = "in";

// onTurn tells each time the lane turns.
export const onTurn = (tell) => watchers.push(tell);

export const direction = () => way;

// asked is what goes with a code that is seen now.
export const asked = () => ({ lane: sessionStorage.lane, direction: way === "out" ? "out" : "in", look: way === "verify" });

// face turns the lane to in, out or verify.
export function face(to) {
  way = sessionStorage.direction = to;
  document.body.dataset.direction = to;
  for (const b of document.querySelectorAll("[data-way]")) b.setAttribute("aria-pressed", String(b.dataset.way === to));
  sayMode();
  for (const tell of watchers) tell(to);
}

const sayMode = () => { by("mode").textContent = way === "verify" ? t("lane.only_looks") : ""; };

// count adds to what this lane recorded.
export function count(more) {
  by("count").textContent = sessionStorage.scans = Number(sessionStorage.scans || 0) + more;
}

function rename(to) {
  const name = to.trim();
  if (name === "" || new TextEncoder().encode(name).length > longest) return;
  sessionStorage.lane = name;
  show();
}

function show() {
  by("lane").textContent = t("lane.named", { name: sessionStorage.lane });
  by("lane-name").value = sessionStorage.lane;
}

// setUpLane makes the controls of the lane work.
export function setUpLane() {
  sessionStorage.lane ||= crypto.getRandomValues(new Uint16Array(1))[0].toString(36);
  for (const b of document.querySelectorAll("[data-way]")) b.addEventListener("click", () => face(b.dataset.way));
  by("lane-name").addEventListener("change", () => { rename(by("lane-name").value); show(); });
  addEventListener("words", () => { show(); sayMode(); });
  show();
  count(0);
  face(ways.includes(sessionStorage.direction) ? sessionStorage.direction : "in");
}
