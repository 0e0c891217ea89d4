// The live page: it draws what the server says, and nothing by itself.

const by = (id) => document.getElementById(id);
const event = document.body.dataset.event;
const zone = document.body.dataset.zone || "UTC";
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: zone });
const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", timeZone: zone });
const kinds = {
  double_entry: "let in more than once", rule_exceeded: "a rule was exceeded",
  admitted_after_revoke: "let in after it was revoked", admitted_after_cancel: "let in after it was cancelled",
};

function el(name, text, className) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
}

function row(...cells) {
  const tr = el("tr");
  for (const c of cells) {
    const [text, className] = Array.isArray(c) ? c : [c, ""];
    tr.append(el("td", text, className));
  }
  return tr;
}

const gateNames = new Map();
const act = (a) => a ? `${gateNames.get(a.gate) || a.gate} at ${clock.format(a.at)}${a.synced ? "" : " (clock never compared)"}${a.uncertainty > 1000 ? ` ± ${Math.round(a.uncertainty / 1000)} s` : ""}` : "";

function ago(text, now) {
  if (!text) return ["never", "warn"];
  const s = Math.max(0, Math.round((now - new Date(text)) / 1000));
  const words = s < 90 ? `${s} s ago` : s < 5400 ? `${Math.round(s / 60)} min ago` : `${Math.round(s / 3600)} h ago`;
  return [words, s > 60 ? "warn" : ""];
}

function draw(b) {
  const now = new Date(b.at);
  by("pulse").textContent = `live · ${clock.format(now)}`;
  by("pulse").className = "good";
  gateNames.clear();
  for (const g of b.gates || []) gateNames.set(g.code, g.name);

  by("zones").replaceChildren(...(b.zones || []).map((z) => {
    const tile = el("div", undefined, "tile");
    tile.append(el("span", z.name), el("b", z.inside), el("span", z.capacity ? `inside, of ${z.capacity}` : "inside"));
    if (z.capacity) {
      const m = el("meter");
      m.max = z.capacity; m.value = z.inside; m.high = z.capacity * 0.9;
      m.setAttribute("aria-label", `${z.name}: ${z.inside} of ${z.capacity}`);
      tile.append(m);
    }
    return tile;
  }));

  by("gates").replaceChildren(...(b.gates || []).map((g) => row(g.name, g.zone, [g.entries, "n"], [g.exits, "n"], [g.rejected, "n"], [g.devices, g.devices ? "n" : "n warn"])));

  by("devices").replaceChildren(...(b.devices || []).map((d) => row(
    d.name, gateNames.get(d.gate) || d.gate,
    d.expelled ? ["removed", "bad"] : d.forked ? ["two devices in one", "bad"] : d.linked ? ["linked", "good"] : ["alone", "warn"],
    ago(d.heard, now), [d.records, "n"],
    d.behind ? [`${d.behind} records behind`, "warn"] : ["yes", "good"],
    [d.authority || "–", "fingerprint"],
  )));
  const s = b.spread;
  by("spread").textContent = s.active
    ? `${s.know} of ${s.active} devices know everything the server has said${s.know < s.active ? (s.longest < 0 ? "; one was never heard" : `; the quietest was heard ${Math.round(s.longest / 60)} min ago`) : ""}.`
    : "No device is enrolled yet: usher gate card --event " + event + " --gate GATE";

  const open = (b.conflicts || []).filter((c) => c.open);
  by("conflicts-box").hidden = open.length === 0;
  by("conflicts").replaceChildren(...open.map((c) => row(
    c.ticket, [kinds[c.kind] || c.kind, "bad"], c.original ? act(c.original) : c.void ? `${c.void.reason} since ${clock.format(c.void.since)}` : "",
    c.duplicates.map(act).join(", "), c.id,
  )));
  document.title = (open.length ? `(${open.length}) ` : "") + b.name + " · live · usher";
  by("faults").replaceChildren(...(b.faults || []).map((f) => el("li", f)));
  bars(b.counts.hours || []);
}

// bars draws arrivals an hour as a picture with its numbers beside it.
function bars(hours) {
  const ns = "http://www.w3.org/2000/svg";
  const most = Math.max(1, ...hours.map((h) => h.entries));
  const svg = document.createElementNS(ns, "svg");
  const wide = 48;
  svg.setAttribute("viewBox", `0 0 ${Math.max(6, hours.length) * wide} 120`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", hours.map((h) => `${hour.format(h.hour)}: ${h.entries}`).join(", ") || "nobody yet");
  hours.forEach((h, i) => {
    const tall = (h.entries / most) * 84;
    const bar = document.createElementNS(ns, "rect");
    for (const [k, v] of Object.entries({ x: i * wide + 6, y: 100 - tall, width: wide - 12, height: tall, rx: 3 })) bar.setAttribute(k, v);
    const label = (text, y) => {
      const t = document.createElementNS(ns, "text");
      for (const [k, v] of Object.entries({ x: i * wide + wide / 2, y, "text-anchor": "middle" })) t.setAttribute(k, v);
      t.textContent = text;
      return t;
    };
    svg.append(bar, label(h.entries, 96 - tall), label(hour.format(h.hour), 115));
  });
  by("arrivals").replaceChildren(svg);
}

// How long nothing may come before the page says so, and after what time it asks again
// where the browser has given up, as it does once it got an error for an answer.
const silent = 6000, again = 2000;
let lost;

function listen() {
  const source = new EventSource(`/manage/events/${encodeURIComponent(event)}/live`);
  source.onmessage = (m) => {
    clearTimeout(lost);
    lost = undefined;
    draw(JSON.parse(m.data));
  };
  source.onerror = () => {
    // A server that is drained ends the stream, and the next one goes on with it.
    lost ??= setTimeout(() => { by("pulse").textContent = "the server does not answer; trying again"; by("pulse").className = "bad"; }, silent);
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, again);
  };
}

listen();
