// Training: every scan is decided as always, and nothing is changed. That is in sight
// all the time, so that nobody lets people in by it.
import { call, Refused } from "./agent.js";
import { closePanels } from "./panel.js";
import { onStatus } from "./status.js";
import { t } from "./words.js";

const by = (id) => document.getElementById(id);
let now = {};

function show() {
  document.body.dataset.training = now.training ? "yes" : "no";
  by("train").textContent = t(now.training ? "menu.end_training" : "menu.train");
  const banner = [now.training ? t("menu.training") : "", now.rehearsal ? t("menu.rehearsal") : ""].filter(Boolean).join(" · ");
  if (by("banner").textContent !== banner) by("banner").textContent = banner;
}

async function turn() {
  try {
    await call("/api/training", { on: !now.training });
    closePanels();
  } catch (e) {
    by("train").textContent = e instanceof Refused ? e.exact : t("page.no_agent");
  }
}

// setUpTraining makes the switch in the menu work.
export function setUpTraining() {
  onStatus((status) => {
    if (status) now = status;
    show();
  });
  addEventListener("words", show);
  by("train").addEventListener("click", turn);
  show();
}
