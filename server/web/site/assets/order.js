// The page of an order, made livelier: the time that is left, counted down; a look
// now and then whether the order stands otherwise by now; and what was typed, kept
// for this tab until it is sent, so that no reload takes it.

const { page, path, again: there } = document.body.dataset;
let { left } = document.body.dataset, started = performance.now(); // the server says how long, so no clock here matters
const clock = document.getElementById("clock");
const again = () => location.replace(there);

// Minutes are told until the last two: nobody types well beside running seconds.
const calm = 120;

function tick() {
  const s = Math.max(0, Math.ceil(Number(left) - (performance.now() - started) / 1000));
  if (s === 0) {
    clearInterval(ticking);
    setTimeout(again, 500 + Math.random() * 500);
  }
  const told = s > calm ? clock.dataset.minutes.replace("{n}", Math.ceil(s / 60))
    : clock.dataset.left.replace("{time}", `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`);
  if (clock.textContent !== told) clock.textContent = told;
  if (s > calm) return;
  clock.classList.add("soon");
  const soon = document.getElementById("soon");
  if (soon.textContent === "" && s > 0) soon.textContent = clock.dataset.soon;
}

const ticking = clock ? setInterval(tick, 1000) : 0;
if (clock) tick();

async function look() {
  try {
    const answer = await fetch(`${path}/state`, { cache: "no-store" });
    if (!answer.ok) return;
    const said = await answer.json();
    if (said.page !== page && !(page === "form" && said.page === "away")) return again(); // the form changes one that is being paid, too
    if (!clock) return;
    left = said.left;
    started = performance.now();
    tick();
  } catch { /* the network is away; the next look is soon */ }
}

if (page === "away") setInterval(look, 2000);
// A phone that slept may not have counted on meanwhile.
if (clock) document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });

// The draft. What the server sent counts more: it is there already.
const draft = `usher draft ${path}`;
const details = document.querySelector("form.details");
const fields = () => [...details.elements].filter((f) => f.name && f.type !== "hidden" && f.type !== "checkbox");

function restore() {
  const kept = JSON.parse(sessionStorage.getItem(draft) || "{}");
  for (const f of fields()) {
    if (!(f.name in kept)) continue;
    if (f.type === "radio") f.checked = f.value === kept[f.name];
    else if (f.value === "") f.value = kept[f.name];
  }
}

function keep() {
  const typed = fields().filter((f) => f.type !== "radio" || f.checked).map((f) => [f.name, f.value]);
  sessionStorage.setItem(draft, JSON.stringify(Object.fromEntries(typed)));
}

try {
  if (details) {
    restore();
    details.addEventListener("input", keep);
  } else if (page !== "away") {
    sessionStorage.removeItem(draft);
  }
} catch { /* this browser keeps nothing: then it is as without scripts */ }
