// The strip that is always in sight: what this gate knows, and what it doesn't.

const by = (id) => document.getElementById(id);

export function showStatus(s) {
  if (!s) {
    put("link", "bad", "the agent does not answer");
    return;
  }
  put("ready", s.ready ? "good" : "bad", s.ready ? "" : `not ready: ${s.not_ready}`);
  put("link", s.online ? "online" : "alone", s.online ? "online" : "alone");
  put("unheard", s.unheard ? "bad" : "none", s.unheard ? `${s.unheard} ${s.unheard === 1 ? "gate" : "gates"} unheard` : "");
  put("unsent", s.unsent ? "some" : "none", s.unsent ? `${s.unsent} not sent` : "all sent");
  put("list", s.list_stale ? "bad" : "fresh", s.list_age_s < 0 ? "no list yet" : `list ${age(s.list_age_s)} old`);
  put("clock", s.clock === "good" ? "good" : "bad", `clock ${s.clock}`);
  put("conflicts", s.conflicts ? "bad" : "none", s.conflicts ? `${s.conflicts} let in twice` : "");
}

function put(id, state, text) {
  const box = by(id);
  box.dataset.state = state;
  if (box.textContent !== text) box.textContent = text;
}

function age(seconds) {
  if (seconds < 90) return `${seconds} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

navigator.getBattery?.().then((battery) => {
  const show = () => put("battery", battery.level < 0.2 && !battery.charging ? "bad" : "good", `battery ${Math.round(battery.level * 100)} %`);
  battery.addEventListener("levelchange", show);
  show();
});
