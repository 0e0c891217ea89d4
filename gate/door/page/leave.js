// Ending the shift, and carrying what the server lacks to it by hand. A device does
// not go home with records that nobody else has, unless somebody says so.
import { call, Refused } from "./agent.js";
import { openPanel } from "./panel.js";
import { learn } from "./staff.js";
import { onStatus } from "./status.js";
import { t } from "./words.js";

const by = (id) => document.getElementById(id);
const patience = 30_000; // ms; the agent tries to sync first
let here = { alone: 0, unsent: 0 }; // records

const reason = (e) => e instanceof Refused ? e.exact : t("page.no_agent");

function say(text, alone = false) {
  by("leave-says").textContent = text;
  by("leave-anyway").hidden = !alone;
}

const sayHere = () => say(here.alone ? t("leave.alone", { n: here.alone }) : t("leave.safe", { n: here.unsent }));

function open() {
  openPanel("leaving");
  sayHere();
}

async function leave(force) {
  say(t("leave.trying"));
  try {
    await call("/api/leave", { force }, patience);
    say(t("leave.done"));
    learn();
  } catch (e) {
    say(reason(e), e.where === "alone");
  }
}

async function syncNow() {
  say(t("leave.trying"));
  try {
    here = await call("/api/sync", {}, patience);
    sayHere();
  } catch (e) {
    say(reason(e), here.alone > 0);
  }
}

async function takeIn(file) {
  const says = by("carry-says");
  says.textContent = t("carry.reading");
  try {
    const { records, known, refused } = await call("/api/import", new Blob([file], { type: "application/octet-stream" }), 10 * patience);
    const bad = Object.keys(refused || {}).length; // why is in English: usher journal import tells it
    says.textContent = [t("carry.taken", { n: records, known }), bad ? t("carry.refused", { n: bad }) : ""].join(" ");
  } catch (e) {
    says.textContent = reason(e);
  }
}

// setUpLeave makes the panels work.
export function setUpLeave() {
  onStatus((s) => { if (s) here = s; });
  by("open-leave").addEventListener("click", open);
  by("leave-now").addEventListener("click", () => leave(false));
  by("leave-anyway").addEventListener("click", () => leave(true));
  by("leave-sync").addEventListener("click", syncNow);
  by("take-in").addEventListener("change", (e) => {
    if (e.target.files[0]) takeIn(e.target.files[0]);
    e.target.value = "";
  });
}
