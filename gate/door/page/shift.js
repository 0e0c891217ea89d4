// The shift at this device: what came through, how fast, and what was taken back or
// overridden. The agent counts; the page shows.
import { call, Refused } from "./agent.js";
import { element, table } from "./element.js";
import { openPanel } from "./panel.js";
import { language, t } from "./words.js";

const by = (id) => document.getElementById(id);
let asked = 0; // for reports; the newest counts
const counted = ["entries", "reentries", "forced", "exits", "rejected", "asked", "unable", "undone"];

async function open() {
  openPanel("shift");
  await show();
}

async function show() {
  const mine = ++asked;
  let shown;
  try {
    shown = draw(await call("/api/shift" + (by("shift-all").checked ? "?all=true" : ""))).filter(Boolean);
  } catch (e) {
    shown = [element("p", {}, e instanceof Refused ? e.exact : t("page.no_agent"))];
  }
  if (mine === asked) by("shift-report").replaceChildren(...shown);
}

function draw(report) {
  const { counts, hours, reasons, lanes, overrides, undos, entries } = report;
  const clock = new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: report.time_zone || undefined });
  const at = (time) => clock.format(new Date(time));
  const number = new Intl.NumberFormat(language());
  const seconds = (ms) => t("span.s", { n: Math.round(ms / 100) / 10 });
  const times = ({ n, p50_ms, p95_ms }) => n ? `${seconds(p50_ms)} / ${seconds(p95_ms)}` : "";
  const line = ({ at: time, ticket, operator, lane, why, undone }) => [at(time), ticket, operator || lane, undone ? t("shift.undone") : why];
  const acts = (title, { total, lines }) => table(`${title}: ${number.format(total)}`, [t("shift.time"), t("shift.ticket"), t("shift.by"), t("shift.why")], lines.map(line));
  return [
    table(t("shift.counts"), [t("shift.what"), t("shift.number")], counted.filter((name) => counts[name]).map((name) => [t("shift." + name), number.format(counts[name])])),
    table(t("shift.speed"), [t("shift.lane"), t("shift.scans"), t("shift.seen"), t("shift.next")],
      (lanes || []).map((l) => [l.lane, number.format(l.scans), times(l.seen), times(l.next)])),
    table(t("shift.hours"), [t("shift.hour"), t("shift.entries"), t("shift.exits"), t("shift.rejected")],
      (hours || []).map((h) => [at(h.from), ...["entries", "exits", "rejected"].map((name) => number.format(h[name] || 0))])),
    table(t("shift.reasons"), [t("shift.what"), t("shift.number")], (reasons || []).map(({ says, n }) => [says, number.format(n)])),
    acts(t("shift.overrides"), overrides),
    acts(t("shift.undos"), undos),
    acts(t("shift.newest"), entries),
    element("p", {}, t("shift.records", { n: report.records, unsent: report.unsent, alone: report.alone })),
  ];
}

// setUpShift makes the panel work.
export function setUpShift() {
  by("open-shift").addEventListener("click", open);
  by("shift-all").addEventListener("change", show);
}
