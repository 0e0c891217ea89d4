// The strip that is always in sight: what this gate knows, and what it doesn't.
import { eventSpeaks, span, t } from "./words.js";

const by = (id) => document.getElementById(id);
const watchers = [];

// onStatus tells each new state of the gate, and null while the agent is silent.
export const onStatus = (tell) => watchers.push(tell);

let last = null;
addEventListener("words", () => { if (last) show(last); });

export function showStatus(s) {
  last = s;
  if (s) {
    eventSpeaks(s.language);
    show(s);
  } else put("link", "bad", t("page.agent_silent"));
  for (const tell of watchers) tell(s);
}

// reasons say why a gate can't judge.
const reasons = { not_ready: "why.not_ready", device_revoked: "why.device_revoked", store: "why.store", clock: "why.clock", gate_missing: "why.gate_missing" };

// links say who is in touch. Where only other gates are, what the server says comes if one
// of them hears it: the age of the list tells, and warns.
const links = { online: "page.online", gates: "page.gates", alone: "page.alone" };

function show(s) {
  put("ready", s.ready ? "good" : "bad", s.ready ? "" : t("page.not_ready", { why: reasons[s.not_ready_reason] ? t(reasons[s.not_ready_reason]) : t("why.not_ready") }));
  const link = s.server ? "online" : s.online ? "gates" : "alone";
  put("link", link, t(links[link]));
  put("unheard", s.unheard ? "bad" : "none", s.unheard ? t("page.unheard", { n: s.unheard }) : "");
  put("unsent", s.unsent ? "some" : "none", s.unsent ? t("page.unsent", { n: s.unsent }) : t("page.all_sent"));
  put("list", s.list_stale ? "bad" : "fresh", s.list_age_s < 0 ? t("page.no_list") : t("page.list_old", { span: span(s.list_age_s) }));
  put("clock", s.clock === "good" ? "good" : "bad", t("page.clock." + s.clock));
  put("conflicts", s.conflicts ? "bad" : "none", s.conflicts ? t("page.conflicts", { n: s.conflicts }) : "");
  const faults = s.faults || []; // in English, for whoever keeps the gates: usher gate status tells them
  put("faults", faults.length ? "bad" : "none", faults.length ? t("page.faults", { n: faults.length }) : "");
}

function put(id, state, text) {
  const box = by(id);
  box.dataset.state = state;
  if (box.textContent !== text) box.textContent = text;
}

const low = 0.2; // of a full battery

navigator.getBattery?.().then((battery) => {
  const show = () => {
    const percent = Math.round(battery.level * 100);
    put("battery", battery.level < low && !battery.charging ? "bad" : "good", t(battery.charging ? "lane.battery_charging" : "page.battery", { percent }));
  };
  battery.addEventListener("levelchange", show);
  battery.addEventListener("chargingchange", show);
  addEventListener("words", show);
  show();
});
