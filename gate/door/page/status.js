// The strip that is always in sight: what this gate knows, and what it doesn't.
import { t, span } from "./words.js";

const by = (id) => document.getElementById(id);

let last = null;
addEventListener("words", () => last && showStatus(last));

export function showStatus(s) {
  last = s;
  if (!s) {
    put("link", "bad", t("page.agent_silent"));
    return;
  }
  put("ready", s.ready ? "good" : "bad", s.ready ? "" : t("page.not_ready", { why: s.not_ready }));
  put("link", s.online ? "online" : "alone", t(s.online ? "page.online" : "page.alone"));
  put("unheard", s.unheard ? "bad" : "none", s.unheard ? t("page.unheard", { n: s.unheard }) : "");
  put("unsent", s.unsent ? "some" : "none", s.unsent ? t("page.unsent", { n: s.unsent }) : t("page.all_sent"));
  put("list", s.list_stale ? "bad" : "fresh", s.list_age_s < 0 ? t("page.no_list") : t("page.list_old", { span: span(s.list_age_s) }));
  put("clock", s.clock === "good" ? "good" : "bad", t("page.clock." + s.clock));
  put("conflicts", s.conflicts ? "bad" : "none", s.conflicts ? t("page.conflicts", { n: s.conflicts }) : "");
}

function put(id, state, text) {
  const box = by(id);
  box.dataset.state = state;
  if (box.textContent !== text) box.textContent = text;
}

navigator.getBattery?.().then((battery) => {
  const show = () => put("battery", battery.level < 0.2 && !battery.charging ? "bad" : "good", t("page.battery", { percent: Math.round(battery.level * 100) }));
  battery.addEventListener("levelchange", show);
  addEventListener("words", show);
  show();
});
